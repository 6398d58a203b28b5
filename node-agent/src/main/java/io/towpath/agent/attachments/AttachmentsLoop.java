package io.towpath.agent.attachments;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** Looks after the attachments on a thread of its own: locks of IPAM are never waited for by the overlay. */
public final class AttachmentsLoop implements AutoCloseable {
    /** Between two looks. */
    private static final Duration SLOW = Duration.ofHours(1);

    /** Until what a look found is looked at again: longer than a runtime waits for any ADD or DEL. */
    private static final Duration SOON = Duration.ofMinutes(5);

    private static final long FILL_SECONDS = 30;

    /** Locks of IPAM are waited for, each with a bound. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Attachments.Files files;
    private final Log log;
    private final BiConsumer<List<AgentStatus.Fill>, AgentStatus.Attachments> taker;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final LastingThread thread;

    /** @param taker told how full the ranges are and what was done, every half a minute; called by another thread */
    public AttachmentsLoop(
            Attachments.Files files, Log log, BiConsumer<List<AgentStatus.Fill>, AgentStatus.Attachments> taker) {
        this.files = files;
        this.log = log;
        this.taker = taker;
        thread = new LastingThread("attachments", LIMIT, log, this::run);
    }

    /** Begins, in the network namespace of the process. */
    public void start() {
        thread.start();
    }

    /** Tells whether they are looked after. */
    public Heartbeat heartbeat() {
        return thread.heartbeat();
    }

    private void run() throws NetlinkException, InterruptedException {
        try (Rtnl rtnl = Rtnl.open();
                Namespaces node = new LinuxNamespaces()) {
            Attachments attachments = new Attachments(files, rtnl, new NodePorts(node), log, Clock.systemUTC());
            long next = System.nanoTime();
            do {
                thread.beat();
                String problem = null;
                List<AgentStatus.Fill> fills = List.of();
                try {
                    fills = attachments.fills();
                    if (System.nanoTime() - next >= 0) {
                        next = System.nanoTime() + SOON.toNanos();
                        if (!attachments.look()) {
                            next += SLOW.minus(SOON).toNanos();
                        }
                    }
                } catch (IOException e) {
                    problem = String.valueOf(e.getMessage());
                } catch (RuntimeException | Error e) {
                    // A mistake of ours that some file brings to light must not end the next look.
                    problem = Uncaught.line(e);
                }
                log.problem("attachments", problem);
                taker.accept(fills, attachments.cleared(problem));
            } while (!closed.await(FILL_SECONDS, TimeUnit.SECONDS));
        }
    }

    private record NodePorts(Namespaces node) implements Attachments.Ports {
        @Override
        public Set<OwnerMark> owners() throws IOException {
            return HostPorts.owners(node);
        }

        @Override
        public void close(OwnerMark mark) throws IOException {
            HostPorts.close(node, mark);
        }
    }

    /** Ends it after what is under way. */
    @Override
    public void close() {
        closed.countDown();
        thread.end();
    }
}
