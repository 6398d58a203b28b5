package io.towpath.agent;

import io.towpath.agent.attachments.Attachments;
import io.towpath.agent.attachments.AttachmentsController;
import io.towpath.agent.attachments.LeaseHoldings;
import io.towpath.agent.cache.Cache;
import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.cache.CachedPolicySource;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.overlay.OwnChoices;
import io.towpath.agent.policy.OverlayNodes;
import io.towpath.agent.policy.PolicyController;
import io.towpath.agent.runtime.ControlThread;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.cni.BuildInfo;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.overlay.OverlayConfig;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The agent as a whole: the overlay on the thread that runs it, and what serves others beside it. */
public final class Agent {
    // A round with thousands of peers, and a source that is amid a request.
    private static final int LONGEST_END_SECONDS = 5;

    /** Locks of IPAM are waited for, each with a bound. */
    private static final Duration ATTACHMENTS_LIMIT = Duration.ofMinutes(5);

    private static final String NODE_STATE = "/node.json";

    private final OverlayConfig files;
    private final OwnChoices choices;
    private final ClusterSource source;
    private final @Nullable Policies policies;
    private final @Nullable Cache cache;
    private final Log log;
    private final Serving serving;
    private final GuardPolicy policy;
    private final String cniConf;
    private final StatusBoard status;

    /**
     * How policies are enforced.
     *
     * @param source where they are known from
     * @param options what is to be logged
     */
    public record Policies(PolicySource source, PolicyOptions options) {
        private Policies kept(Cache cache, String stateDirectory) {
            return new Policies(new CachedPolicySource(source, cache, stateDirectory, Clock.systemUTC()), options);
        }
    }

    /**
     * An agent, which does nothing yet.
     *
     * @param policies null to enforce none
     * @param cache where what the sources tell is kept on disk; null for nowhere
     * @param cniConf the conflist that the runtime calls the CNI executable by
     */
    public Agent(
            OverlayConfig files,
            OwnChoices choices,
            ClusterSource source,
            @Nullable Policies policies,
            @Nullable Cache cache,
            Serving serving,
            GuardPolicy policy,
            String cniConf,
            Log log) {
        this.files = files;
        this.choices = choices;
        this.source = source;
        this.cache = cache;
        this.policies = policies == null || cache == null ? policies : policies.kept(cache, files.stateDirectory());
        this.serving = serving;
        this.policy = policy;
        this.cniConf = cniConf;
        this.log = log;
        status = new StatusBoard(AgentStatus.starting(null, source.name(), Instant.now()));
    }

    /**
     * Runs until the process is told to end, and leaves the node as it is.
     *
     * @throws NetlinkException if the kernel cannot be listened to
     * @throws IOException if another agent is running, or the port or socket cannot be had
     */
    public void run() throws NetlinkException, IOException {
        CachedCluster cluster = cache == null ? null : new CachedCluster(cache);
        NodeThread node = NodeThread.of(
                files, choices, policy, new LeaseHoldings(cniConf, Clock.systemUTC()), source, cluster, log, status);
        // Not this thread's end: the virtual machine waits for whoever waits for that.
        CountDownLatch ended = new CountDownLatch(1);
        Thread ending = new Thread(
                () -> {
                    node.thread().stop();
                    try {
                        ended.await(LONGEST_END_SECONDS, TimeUnit.SECONDS);
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                },
                "ending");
        Runtime.getRuntime().addShutdownHook(ending);
        Attachments.Files podFiles =
                new Attachments.Files(cniConf, files.stateDirectory() + NODE_STATE, files.subnetEnv());
        List<Heartbeat> heartbeats = new ArrayList<>(List.of(node.thread().heartbeat(), source.heartbeat()));
        ControlThread attachments = attachments(podFiles);
        try (PolicyController policyController = policyController(heartbeats);
                Endpoints endpoints = Endpoints.open(
                        serving, status, and(heartbeats, attachments), policyController, BuildInfo.VERSION, log)) {
            log.info(
                    "agent started",
                    "version",
                    BuildInfo.VERSION,
                    "source",
                    source.name(),
                    "healthz",
                    endpoints.address(),
                    "socket",
                    serving.socket());
            if (policyController != null) {
                node.overlay().namePods(policyController::podsByLink);
                policyController.start();
            }
            giveWay();
            source.start(node.overlay());
            if (policies != null && policyController != null) {
                policies.source.start(policyController);
            }
            attachments.start();
            node.thread().run();
            log.info("agent stopped");
        } finally {
            attachments.stop(); // and not waited for: it may be waiting for a lock of leases
            source.close();
            if (policies != null) {
                policies.source.close();
            }
            if (cache != null) {
                cache.close();
            }
            ended.countDown();
        }
    }

    /** To the threads that pods wait for, which are there already: this one, and all that it or what it starts will start. */
    private void giveWay() {
        try {
            Linux.giveWay();
        } catch (LinuxException e) {
            log.warn("pods may wait for other work", "problem", e.getMessage());
        }
    }

    private static List<Heartbeat> and(List<Heartbeat> heartbeats, ControlThread last) {
        List<Heartbeat> all = new ArrayList<>(heartbeats);
        all.add(last.heartbeat());
        return all;
    }

    private ControlThread attachments(Attachments.Files podFiles) throws NetlinkException {
        return new ControlThread(
                "attachments",
                ATTACHMENTS_LIMIT,
                log,
                List.of(new AttachmentsController(
                        podFiles, log, (fills, cleared) -> status.update(before -> before.with(fills, cleared)))));
    }

    private @Nullable PolicyController policyController(List<Heartbeat> heartbeats) throws NetlinkException {
        if (policies == null) {
            try (TableManager tables = TableManager.open(null, _ -> {})) {
                PolicyOptions options = PolicyOptions.silent();
                boolean wasThere = new PolicyTable(tables, options, () -> {}).remove();
                new PolicyTable(tables, options.onTrial(), () -> {}).remove();
                if (wasThere) {
                    log.info("policies no longer enforced", "table", PolicyTable.NAME);
                }
            }
            return null;
        }
        status.publish(AgentStatus.Policy.UNKNOWN);
        PolicyController controller = new PolicyController(log, Clock.systemUTC(), status::publish, policies.options);
        heartbeats.addAll(controller.heartbeats());
        status.listen(new OverlayNodes(policy.hidesPods(), controller::nodes));
        return controller;
    }
}
