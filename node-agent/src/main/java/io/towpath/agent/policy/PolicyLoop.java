package io.towpath.agent.policy;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.policy.denial.Denials;
import io.towpath.agent.runtime.ControlThread;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in force what the policies say, on a thread of its own: no pod waits for the overlay. A round after all that changes: facts,
 * pods, what others do to the table; and a slow one in between, should any change not have been told. What takes long is compiled on
 * another thread, and a pod's time is kept by a third, which has nothing else to do.
 *
 * <p>Until the source is in sync, or what it told an agent before is told, what is in force stays, and no pod is acknowledged.
 */
public final class PolicyLoop implements PolicySource.Listener, AutoCloseable {
    /** A slow round comes every 30 s, and one with ten thousand policies takes seconds. */
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private static final String COMPILER = "policy compile";

    private final Log log;
    private final Consumer<AgentStatus.Policy> statuses;
    private final Monitor monitor = new Monitor();
    private final LastingThread thread;
    private final Heartbeat compiling = new Heartbeat(COMPILER, LIMIT);

    private final DenialReader denials;
    private final ControlThread denialThread;
    private final PolicyOptions logging;
    private final LocalPods pods = new LocalPods();
    private final Waiting waiting = new Waiting();
    private volatile @Nullable PolicyFacts facts;
    private volatile DenialReader.@Nullable Known known;
    private volatile Nodes nodes = Nodes.NONE;
    private volatile Set<String> notKnownYet = Set.of();
    private volatile @Nullable String trouble;
    private volatile AgentStatus.@Nullable Unenforced unenforced;
    private volatile @Nullable String problem;
    private volatile boolean news;
    private volatile boolean stopped;

    // Of the thread alone.
    private final PolicyStatus status;
    private @Nullable Enforcing enforcing;
    private final Pacing pacing = new Pacing(System.nanoTime());
    private boolean due = true;

    /**
     * A loop for the network namespace of the process.
     *
     * @param statuses takes the status after every round
     * @param options what is to be logged, if the kernel can
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public PolicyLoop(Log log, Clock clock, Consumer<AgentStatus.Policy> statuses, PolicyOptions options)
            throws NetlinkException {
        this.log = log;
        this.statuses = statuses;
        status = new PolicyStatus(log, clock);
        thread = new LastingThread("policy", LIMIT, this::toldProblem, this::run);
        logging = DenialReader.possible(options, log);
        denials = new DenialReader(log, logging, () -> known, () -> nodes);
        denialThread = new ControlThread("policy log", LIMIT, log, List.of(denials));
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
        waiting.start();
        thread.start();
        denialThread.start();
    }

    /** Tell whether all of it works. */
    public List<Heartbeat> heartbeats() {
        return List.of(thread.heartbeat(), compiling, waiting.heartbeat(), denialThread.heartbeat());
    }

    /** Of what kept rounds from being begun at all. */
    private void toldProblem(@Nullable String line) {
        log.problem("thread policy", line);
        problem = line;
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

    @Override
    public void unenforced(AgentStatus.Unenforced now) {
        unenforced = now;
        wake();
    }

    /** What is known of the cluster; null before that. Any thread may ask. */
    public @Nullable PolicyFacts facts() {
        return facts;
    }

    /** What is known of the cluster for sure; null if it may be another by now, as the source is away. Any thread may ask. */
    public @Nullable PolicyFacts currentFacts() {
        PolicyFacts now = facts;
        return trouble == null && now != null && now.held() == null ? now : null;
    }

    /** Why what is known is not what this node's kernel enforces; null if it is. Any thread may ask. */
    @SuppressWarnings("ReferenceEquality") // whatever is told anew is another object
    public @Nullable String notInForce() {
        String why = problem;
        if (why != null) {
            return "not in force on this node: " + why;
        }
        PolicyFacts now = facts;
        DenialReader.Known enforced = known;
        return now != null && enforced != null && enforced.facts() == now.facts()
                ? null
                : "not in force on this node yet: its kernel has what was known before";
    }

    /** The pods of this node as {@code namespace/name}, by the indexes of their links; of those that something is in force for. Any thread may ask. */
    public Map<Integer, String> podsByLink() {
        DenialReader.Known enforced = known;
        return enforced == null ? Map.of() : enforced.links();
    }

    /** Whether a link was handed over and the source has not told of its pod since. Any thread may ask. */
    public boolean isNotKnownYet(String link) {
        return notKnownYet.contains(link);
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
     * @return completed with null when what holds for it is in force, or with the reason why it is not when its time is up; who waits no
     *     more cancels it
     */
    public CompletableFuture<@Nullable String> handOver(Handover handover) {
        CompletableFuture<@Nullable String> answer = waiting.handOver(handover, this::whyNot);
        wake();
        return answer;
    }

    private String whyNot(Waiting.Entry entry) {
        PolicyFacts now = facts;
        String why = problem;
        if (why != null) {
            return why;
        }
        if (now == null) {
            return "the policies of the cluster are not known yet" + because();
        }
        if (waiting.isAdded(entry)) {
            return Waiting.BUSY;
        }
        if (!pods.has(entry.handover().link())) {
            return "there is no link " + entry.handover().link();
        }
        String reason = Waiting.reason(entry.handover(), now);
        return reason.equals(Waiting.BUSY) ? reason : reason + because();
    }

    /** Why the source has not told of something, as far as is known: behind the sentence that says what. */
    private String because() {
        String told = trouble;
        return told == null ? "" : ": " + told;
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
        if (pods.concerns(event)) {
            pacing.linksChanged(System.nanoTime());
        }
    }

    private void changed(NftEvent event) {
        due |= enforcing == null || enforcing.concerns(event);
    }

    private void run() throws NetlinkException {
        ExecutorService compiler = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name(COMPILER).factory());
        try (Rtnl rtnl = Rtnl.open();
                Nft nft = Nft.open();
                Conntrack conntrack = Conntrack.open()) {
            Enforcing table = new Enforcing(nft, conntrack, rtnl, logging);
            enforcing = table;
            Compilations compilations = new Compilations(compiler, compiling, this::wake);
            pods.doubt();
            waiting.doubt();
            due = true;
            rounds(new PolicyRound(rtnl, table, pods, waiting, compilations, status));
        } finally {
            compiler.shutdown();
        }
    }

    private void rounds(PolicyRound round) throws NetlinkException {
        while (!stopped) {
            long now = System.nanoTime();
            long gap = pacing.gapNanos(now, waiting.hasAdded(), round.isAwaited());
            long rest = due || news ? 0 : round.restNanos(pacing.restNanos(now, !waiting.isEmpty()));
            long wait = Math.max(gap, rest);
            if (wait > 0) {
                monitor.await(Pacing.milliseconds(wait));
                continue;
            }
            // News that came before the round is seen by it; what comes during it asks for another.
            monitor.await(0);
            if (pacing.begins(now)) {
                pods.doubt();
                due = true;
            }
            boolean isTableDue = due;
            due = false;
            news = false;
            thread.beat();
            boolean done = round(round, isTableDue);
            pacing.ended(now, System.nanoTime(), done);
        }
    }

    /** Whether everything is as it must be now. */
    private boolean round(PolicyRound round, boolean isTableDue) {
        long began = System.nanoTime();
        List<Waiting.Entry> entries = waiting.takeAdded();
        PolicyFacts now = facts;
        if (now != null && !round.has(now)) {
            round.news(now);
        }
        entries.forEach(round::take);
        notKnownYet = pods.notKnownYet();
        String failure = null;
        try {
            if (now != null) {
                enforce(round, isTableDue);
            }
        } catch (NetlinkException e) {
            failure = "nftables table " + PolicyTable.NAME + ": " + e.getMessage();
        } catch (CompletionException e) {
            // A mistake of ours that some policy brings to light must not end the enforcement of all others.
            failure = Uncaught.line(e.getCause() == null ? e : e.getCause());
        } catch (RuntimeException | Error e) {
            failure = Uncaught.line(e);
        }
        problem = failure;
        if (failure != null) {
            pods.doubt();
            status.failed(failure);
        }
        statuses.accept(status.roundEnded(now, trouble, unenforced, Duration.ofNanos(System.nanoTime() - began)));
        return failure == null;
    }

    private void enforce(PolicyRound round, boolean isTableDue) throws NetlinkException {
        if (!round.run(isTableDue, trouble == null)) {
            return;
        }
        known = round.known();
        if (pacing.mayCount(System.nanoTime(), !waiting.isEmpty())) {
            round.count(denials);
            pacing.counted(System.nanoTime());
        }
    }

    /** Ends it after the round under way; what is in force stays. */
    @Override
    public void close() {
        stopped = true;
        if (!thread.isAlive()) {
            waiting.end();
            denialThread.close();
            monitor.close();
            return;
        }
        thread.end();
        monitor.wake();
        try {
            thread.join();
            waiting.end();
            denialThread.close();
            monitor.close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
