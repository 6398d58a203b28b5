package io.towpath.agent.policy;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.policy.denial.Denials;
import io.towpath.agent.runtime.ControlThread;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Fact;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Pace;
import io.towpath.agent.runtime.Signal;
import io.towpath.agent.runtime.Wants;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps in force what the policies say, on a thread of its own: no pod waits for the overlay. A round after all that changes: facts,
 * pods, what others do to the table. What takes long is compiled on another thread, and a pod's time is kept by a third, which has nothing
 * else to do.
 *
 * <p>Until the source is in sync, or what it told an agent before is told, what is in force stays, and no pod is acknowledged.
 */
public final class PolicyController implements Controller, PolicySource.Listener, AutoCloseable {
    /** A slow round comes every 30 s, and one with ten thousand policies takes seconds. */
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private static final String COMPILER = "policy compile";

    /** Soon after what it is for, but never so often that others get too little of a processor; a storm of links is one round. */
    private static final Pace PACE = Pace.NORMAL
            .withGap(Duration.ofMillis(1), Duration.ofMillis(1))
            .withSettle(Duration.ofMillis(20))
            .leavingHalf();

    private final Log log;
    private final Consumer<AgentStatus.Policy> statuses;
    private final ControlThread thread;
    private final Heartbeat compiling = new Heartbeat(COMPILER, LIMIT);

    private final DenialReader denials;
    private final ControlThread denialThread;
    private final PolicyOptions logging;
    private final LocalPods pods = new LocalPods();
    private final Waiting waiting = new Waiting();
    private final Fact<PolicyFacts> facts = new Fact<>();
    private final Fact<String> trouble = new Fact<>();
    private final Fact<AgentStatus.Unenforced> unenforced = new Fact<>();

    /** That a pod was handed over, or that a compilation has ended. */
    private final Signal work = new Signal();

    private volatile DenialReader.@Nullable Known known;
    private volatile Nodes nodes = Nodes.NONE;
    private volatile Set<String> notKnownYet = Set.of();
    private volatile @Nullable String problem;

    // Of the thread alone.
    private final PolicyStatus status;
    private @Nullable Enforcing enforcing;
    private @Nullable TableManager tables;
    private boolean isTableTouched;
    private @Nullable PolicyRound round;
    private @Nullable ExecutorService compiler;
    private final CounterPace counters = new CounterPace(System.nanoTime());
    private @Nullable PolicyFacts now;
    private boolean isTableDue;

    /**
     * A controller for the network namespace of the process.
     *
     * @param statuses takes the status after every round
     * @param options what is to be logged, if the kernel can
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public PolicyController(Log log, Clock clock, Consumer<AgentStatus.Policy> statuses, PolicyOptions options)
            throws NetlinkException {
        this.log = log;
        this.statuses = statuses;
        status = new PolicyStatus(log, clock);
        logging = DenialReader.possible(options, log);
        denials = new DenialReader(log, logging, () -> known, () -> nodes);
        denialThread = new ControlThread("policy log", LIMIT, log, List.of(denials));
        thread = new ControlThread("policy", LIMIT, log, this::toldProblem, List.of(this));
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
        facts.tell(told);
    }

    @Override
    public void policyTrouble(@Nullable String message) {
        log.problem("policy source", message);
        trouble.tell(message);
    }

    @Override
    public void unenforced(AgentStatus.Unenforced told) {
        unenforced.tell(told);
    }

    /** What is known of the cluster; null before that. Any thread may ask. */
    public @Nullable PolicyFacts facts() {
        return facts.get();
    }

    /** What is known of the cluster for sure; null if it may be another by now, as the source is away. Any thread may ask. */
    public @Nullable PolicyFacts currentFacts() {
        PolicyFacts told = facts.get();
        return trouble.get() == null && told != null && told.held() == null ? told : null;
    }

    /** Why what is known is not what this node's kernel enforces; null if it is. Any thread may ask. */
    @SuppressWarnings("ReferenceEquality") // whatever is told anew is another object
    public @Nullable String notInForce() {
        String why = problem;
        if (why != null) {
            return "not in force on this node: " + why;
        }
        PolicyFacts told = facts.get();
        if (told == null) {
            return notKnownYet() + "; what was in force before still is";
        }
        DenialReader.Known enforced = known;
        return enforced != null && enforced.facts() == told.facts()
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
    public void nodes(Nodes told) {
        nodes = told;
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
        work.give();
        return answer;
    }

    private String whyNot(Waiting.Entry entry) {
        PolicyFacts told = facts.get();
        String why = problem;
        if (why != null) {
            return why;
        }
        if (told == null) {
            return notKnownYet();
        }
        if (waiting.isAdded(entry)) {
            return Waiting.BUSY;
        }
        if (!pods.has(entry.handover().link())) {
            return "there is no link " + entry.handover().link();
        }
        String reason = Waiting.reason(entry.handover(), told);
        return reason.equals(Waiting.BUSY) ? reason : reason + because();
    }

    /** What there is to say before the source has told. Any thread may ask. */
    public String notKnownYet() {
        return "the policies of the cluster are not known yet" + because();
    }

    /** Why the source has not told of something, as far as is known: behind the sentence that says what. */
    private String because() {
        String told = trouble.get();
        return told == null ? "" : ": " + told;
    }

    /** Why it is not counted which policies deny packets; null if it is. Any thread may ask. */
    public @Nullable String notCounted() {
        return denials.notTold();
    }

    /** The last packets that were denied and logged. */
    public Denials denials() {
        return denials.denials();
    }

    @Override
    public String name() {
        return "policy";
    }

    @Override
    public Wants wants() {
        return Wants.kernelAnd(facts, trouble, unenforced, work);
    }

    @Override
    public Pace pace() {
        return PACE;
    }

    @Override
    public void open(Kernel kernel) throws NetlinkException {
        if (compiler != null) {
            compiler.shutdown();
        }
        compiler = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name(COMPILER).factory());
        Compilations compilations = new Compilations(compiler, compiling, work::give);
        enforcing =
                new Enforcing(kernel.tables(), kernel.conntrack(), kernel.rtnl(), logging, () -> isTableTouched = true);
        tables = kernel.tables();
        round = new PolicyRound(kernel.rtnl(), enforcing, pods, waiting, compilations, status);
        waiting.doubt();
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return pods.concerns(event);
    }

    @Override
    public boolean concerns(NftEvent event) {
        Objects.requireNonNull(tables).seen(event);
        boolean isConcerned = isTableTouched;
        isTableTouched = false;
        isTableDue |= isConcerned;
        return isConcerned;
    }

    @Override
    public Urgency urgency() {
        if (round != null && round.isAwaited()) {
            return Urgency.NOW;
        }
        return waiting.hasAdded() ? Urgency.SOON : Urgency.NORMAL;
    }

    @Override
    public long restNanos(long moment) {
        long rest = counters.restNanos(moment, !waiting.isEmpty());
        return round == null ? rest : round.restNanos(rest);
    }

    @Override
    public Outcome reconcile(Round turn) {
        PolicyRound open = Objects.requireNonNull(round);
        if (turn.isFull()) {
            pods.doubt();
            isTableDue = true;
        }
        boolean isDue = isTableDue;
        isTableDue = false;
        List<Waiting.Entry> entries = waiting.takeAdded();
        PolicyFacts newest = facts.get();
        now = newest;
        if (newest != null && !open.has(newest)) {
            open.news(newest);
        }
        entries.forEach(open::take);
        notKnownYet = pods.notKnownYet();
        try {
            if (newest != null) {
                enforce(open, isDue);
            }
            return Outcome.DONE;
        } catch (NetlinkException e) {
            return Outcome.of("nftables table " + PolicyTable.NAME + ": " + e.getMessage());
        } catch (CompletionException e) {
            // A mistake of ours that some policy brings to light must not end the enforcement of all others.
            return Outcome.of(Uncaught.line(e.getCause() == null ? e : e.getCause()));
        }
    }

    private void enforce(PolicyRound open, boolean isDue) throws NetlinkException {
        if (!open.run(isDue, trouble.get() == null)) {
            return;
        }
        known = open.known();
        if (counters.mayCount(System.nanoTime(), !waiting.isEmpty())) {
            open.count(denials);
            counters.counted(System.nanoTime());
        }
    }

    @Override
    public void ended(@Nullable String failure, Duration duration) {
        problem = failure;
        if (failure != null) {
            pods.doubt();
            status.failed(failure);
        }
        statuses.accept(status.roundEnded(now, trouble.get(), unenforced.get(), duration));
    }

    /** Ends it after the round under way; what is in force stays. */
    @Override
    public void close() {
        thread.close();
        waiting.end();
        denialThread.close();
        if (compiler != null) {
            compiler.shutdown();
        }
    }
}
