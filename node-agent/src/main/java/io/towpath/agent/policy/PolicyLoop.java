package io.towpath.agent.policy;

import io.towpath.agent.log.Log;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.policy.denial.Denials;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.cni.FailureLine;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.table.KeptTable;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in force what the policies say, on a thread of its own: no pod waits for the overlay. A round after all that changes: facts,
 * pods, what others do to the table; and a slow one in between, should any change not have been told.
 *
 * <p>Until the source is in sync, or what it told an agent before is told, what is in force stays, and no pod is acknowledged.
 */
public final class PolicyLoop implements PolicySource.Listener, AutoCloseable {
    private static final long SLOW_ROUND_NANOS = 30_000_000_000L;
    private static final int LEAST_GAP_MS = 1;

    /** How long what the kernel tells of links waits: of most the CNI executable tells then, too, and that does not wait. */
    private static final long LINKS_NANOS = 20_000_000L;

    /** How often at most the counters are read, which takes as long as all else that a round does. */
    private static final long COUNT_NANOS = 1_000_000_000L;

    private static final int FIRST_RETRY_MS = 200;
    private static final int LAST_RETRY_MS = 5_000;

    private final Log log;
    private final Heartbeat heartbeat;
    private final Consumer<AgentStatus.Policy> statuses;
    private final Monitor monitor = new Monitor();
    private final Thread thread = new Thread(this::run, "policy");

    private final Queue<Waiting.Entry> handedOver = new ConcurrentLinkedQueue<>();
    private final DenialReader denials;
    private volatile @Nullable PolicyFacts facts;
    private volatile DenialReader.@Nullable Known known;
    private volatile Nodes nodes = Nodes.NONE;
    private volatile @Nullable String trouble;
    private volatile boolean news;
    private volatile boolean stopped;

    // Of the thread alone.
    private final LocalPods pods = new LocalPods();
    private final Waiting waiting = new Waiting();
    private final Compiler compiler = new Compiler();
    private final PolicyStatus status;
    private @Nullable Enforcing enforcing;
    private boolean due = true;
    private boolean areLinksDue;
    private long linksDue;
    private boolean isCountDue;
    private long counted = System.nanoTime() - COUNT_NANOS;
    private int retry;

    /**
     * A loop for the network namespace of the process.
     *
     * @param heartbeat told when a round begins
     * @param statuses takes the status after every round
     * @param options what is to be logged, if the kernel can
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public PolicyLoop(
            Log log, Clock clock, Heartbeat heartbeat, Consumer<AgentStatus.Policy> statuses, PolicyOptions options)
            throws NetlinkException {
        this.log = log;
        this.heartbeat = heartbeat;
        this.statuses = statuses;
        status = new PolicyStatus(log, clock);
        denials = new DenialReader(log, options, () -> known, () -> nodes);
        try {
            RtnlEvent.subscribe(monitor, null, this::changed);
            NftEvent.subscribe(monitor, null, this::changed);
        } catch (NetlinkException e) {
            monitor.close();
            throw e;
        }
    }

    /** Begins. */
    public void start() {
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void policy(PolicyFacts told) {
        facts = told;
        wake();
    }

    @Override
    public void policyTrouble(@Nullable String message) {
        log.problem("policy source", message);
        trouble = message;
        wake();
    }

    /** What is known of the cluster; null before that. Any thread may ask. */
    public @Nullable PolicyFacts facts() {
        return facts;
    }

    /** What is known of the cluster for sure; null if it may be another by now, as the source is away. Any thread may ask. */
    public @Nullable PolicyFacts currentFacts() {
        return trouble == null ? facts : null;
    }

    /** Takes the nodes by which addresses are told; any thread may call it. */
    public void nodes(Nodes now) {
        nodes = now;
    }

    /** The nodes as they were taken last. Any thread may ask. */
    public Nodes nodes() {
        return nodes;
    }

    /**
     * Takes an interface; any thread may call it.
     *
     * @return completed with null when what holds for it is in force, or with the reason why it is not when its time is up
     */
    public CompletableFuture<@Nullable String> handOver(Handover handover) {
        CompletableFuture<@Nullable String> answer = new CompletableFuture<>();
        handedOver.add(new Waiting.Entry(handover, answer));
        wake();
        return answer;
    }

    /** The last packets that were denied and logged. */
    public Denials denials() {
        return denials.denials();
    }

    private void wake() {
        news = true;
        monitor.wake();
    }

    private void changed(RtnlEvent event) {
        if (pods.concerns(event) && !areLinksDue) {
            areLinksDue = true;
            linksDue = System.nanoTime() + LINKS_NANOS;
        }
    }

    private void changed(NftEvent event) {
        due |= enforcing == null || enforcing.concerns(event);
    }

    private void run() {
        try (Rtnl rtnl = Rtnl.open();
                Nft nft = Nft.open();
                Conntrack conntrack = Conntrack.open()) {
            Enforcing table = new Enforcing(nft, conntrack, rtnl, denials.start());
            enforcing = table;
            rounds(rtnl, table);
        } catch (NetlinkException e) {
            log.error("policies are not looked after", "problem", e.getMessage());
        } finally {
            waiting.end();
        }
    }

    private void rounds(Rtnl rtnl, Enforcing table) throws NetlinkException {
        long slow = System.nanoTime();
        long earliest = slow;
        while (!stopped) {
            long now = System.nanoTime();
            long wait = waiting.patience(Math.max(earliest - now, due || news ? 0 : restNanos(slow, now)));
            if (wait > 0) {
                monitor.await((int) ((Math.min(SLOW_ROUND_NANOS, wait) + 999_999) / 1_000_000));
                continue;
            }
            // News that came before the round is seen by it; what comes during it asks for another.
            monitor.await(0);
            if (now - slow >= 0) {
                pods.doubt();
            }
            due = false;
            areLinksDue = false;
            news = false;
            heartbeat.beat();
            boolean done = round(rtnl, table);
            retry = done ? 0 : Math.clamp(2L * retry, FIRST_RETRY_MS, LAST_RETRY_MS);
            long end = System.nanoTime();
            // A storm of changes is to leave half of a processor to others.
            earliest = end + Math.max(1_000_000L * Math.max(LEAST_GAP_MS, retry), end - now);
            slow = done ? end + SLOW_ROUND_NANOS : earliest;
        }
    }

    /** For how long there is nothing to do, if nobody tells anything. */
    private long restNanos(long slow, long now) {
        long rest = slow - now;
        if (areLinksDue) {
            rest = Math.min(rest, linksDue - now);
        }
        if (isCountDue) {
            rest = Math.min(rest, counted + COUNT_NANOS - now);
        }
        return rest;
    }

    /** Whether everything is as it must be now. */
    private boolean round(Rtnl rtnl, Enforcing table) {
        long began = System.nanoTime();
        for (Waiting.Entry entry = handedOver.poll(); entry != null; entry = handedOver.poll()) {
            pods.add(entry.handover());
            waiting.add(entry);
        }
        PolicyFacts now = facts;
        String problem = null;
        try {
            if (now != null) {
                round(rtnl, table, now);
            }
        } catch (NetlinkException e) {
            problem = "nftables table " + PolicyTable.NAME + ": " + e.getMessage();
        } catch (RuntimeException | StackOverflowError e) {
            // A mistake of ours that some policy brings to light must not end the enforcement of all others.
            problem = FailureLine.internal(e);
        }
        if (problem != null) {
            pods.doubt();
            status.failed(problem);
        }
        waiting.expire(now, problem, pods::has);
        statuses.accept(status.roundEnded(now, trouble, Duration.ofNanos(System.nanoTime() - began)));
        return problem == null;
    }

    private void round(Rtnl rtnl, Enforcing table, PolicyFacts now) throws NetlinkException {
        pods.look(rtnl);
        List<LocalEndpoint> endpoints = pods.endpoints(now);
        Compiled compiled = compiler.compile(now.facts(), endpoints);
        KeptTable.Outcome outcome = table.enforce(compiled);
        Set<LocalEndpoint> inForce = new HashSet<>(endpoints);
        compiled.waiting().forEach(inForce::remove);
        waiting.inForce(handover -> inForce.contains(
                new LocalEndpoint(handover.podNamespace(), handover.podName(), handover.link(), handover.addresses())));
        known = new DenialReader.Known(now.facts(), pods.names(endpoints));
        status.enforced(compiled, outcome, inForce.size());
        isCountDue = System.nanoTime() - counted < COUNT_NANOS;
        if (!isCountDue) {
            status.counted(table.dropped(), table.tried(), denied(table, endpoints, now));
            counted = System.nanoTime();
        }
    }

    private AgentStatus.Denied denied(Enforcing table, List<LocalEndpoint> endpoints, PolicyFacts now)
            throws NetlinkException {
        Map<String, String> names = new HashMap<>();
        endpoints.forEach(each -> names.put(each.link(), PolicyFacts.key(each.podNamespace(), each.podName())));
        Map<DenialCounts.Key, Long> byPod = table.denied(names);
        return new AgentStatus.Denied(
                byPod,
                denials.counts().counted(byPod, now.facts()),
                denials.denials().lost());
    }

    /** Ends it after the round under way; what is in force stays. */
    @Override
    public void close() {
        stopped = true;
        if (!thread.isAlive()) {
            denials.close();
            monitor.close();
            return;
        }
        monitor.wake();
        try {
            thread.join();
            denials.close();
            monitor.close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
