package io.towpath.agent;

import io.towpath.agent.log.Log;
import io.towpath.agent.reconcile.OwnChoices;
import io.towpath.agent.reconcile.Reconciler;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.netlink.NetlinkException;
import io.towpath.overlay.OverlayConfig;
import java.time.Clock;
import java.time.Instant;

/** The agent as a whole: the reconciler on the thread that runs it, and what serves others beside it. */
public final class Agent {
    private final OverlayConfig files;
    private final OwnChoices choices;
    private final ClusterSource source;
    private final Log log;
    private final StatusBoard status;

    public Agent(OverlayConfig files, OwnChoices choices, ClusterSource source, Log log) {
        this.files = files;
        this.choices = choices;
        this.source = source;
        this.log = log;
        status = new StatusBoard(AgentStatus.starting(null, source.name(), Instant.now()));
    }

    /**
     * Runs until the process is told to end, and leaves the node as it is.
     *
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public void run() throws NetlinkException {
        Reconciler reconciler = new Reconciler(files, choices, source, log, Clock.systemUTC(), status::publish);
        Thread running = Thread.currentThread();
        Thread ending = new Thread(
                () -> {
                    reconciler.stop();
                    try {
                        running.join(5_000);
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                },
                "ending");
        Runtime.getRuntime().addShutdownHook(ending);
        log.info("agent started", "source", source.name());
        source.start(reconciler);
        try {
            reconciler.run();
        } finally {
            source.close();
            log.info("agent stopped");
        }
    }
}
