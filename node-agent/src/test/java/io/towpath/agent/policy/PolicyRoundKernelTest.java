package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.Heartbeat;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.PolicyOptions;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Single rounds on a real kernel, with compilations that take as long as the test has them take. */
@NeedsRoot
class PolicyRoundKernelTest {
    private static final int LONG_MS = 60_000;

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    private final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");
    private final Queue<Runnable> compilations = new ArrayDeque<>();
    private final Compilations compiling =
            new Compilations(this::begin, new Heartbeat("compile", Duration.ofMinutes(1)), () -> {});
    private final LocalPods pods = new LocalPods();
    private final Waiting waiting = new Waiting();
    private final Map<String, PodFact> known = new HashMap<>();
    private final Map<String, String> uids = new HashMap<>();
    private final List<NamespaceFact> namespaces = new ArrayList<>(List.of(new NamespaceFact("default", Map.of())));
    private boolean isCurrent = true;
    private Runnable whenBegun = () -> {};
    private List<PolicyFact> policies = List.of();
    private List<ClusterPolicyFact> clusterPolicies = List.of();
    private final List<AutoCloseable> sessions = new ArrayList<>();
    private @Nullable Nft nft;
    private @Nullable PolicyRound round;

    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws Exception {
        Log log = new Log(
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
        try (NetNs netNs = scene.node.open()) {
            Rtnl links = Rtnl.open(netNs);
            Nft tables = Nft.open(netNs);
            Conntrack connections = Conntrack.open(netNs);
            sessions.addAll(List.of(links, tables, connections));
            nft = tables;
            round = new PolicyRound(
                    links,
                    new Enforcing(tables, connections, links, PolicyOptions.silent()),
                    pods,
                    waiting,
                    compiling,
                    new PolicyStatus(log, Clock.systemUTC()));
        }
    }

    @AfterEach
    void close() throws Exception {
        waiting.end();
        for (AutoCloseable each : sessions) {
            each.close();
        }
        scene.close();
    }

    private PolicyRound round() {
        PolicyRound made = round;
        if (made == null) {
            throw new AssertionError("not open");
        }
        return made;
    }

    private void begin(Runnable compilation) {
        whenBegun.run();
        compilations.add(compilation);
    }

    private void know(PolicyScene.Pod pod) {
        known.put(
                pod.name(),
                new PodFact("default", pod.name(), Map.of("app", pod.name()), List.of(), List.of(), "node"));
        uids.put("default/" + pod.name(), "uid-" + pod.name());
    }

    private PolicyFacts facts() {
        return new PolicyFacts(
                new Facts(List.copyOf(known.values()), List.copyOf(namespaces), List.of(), policies, clusterPolicies),
                uids);
    }

    /** Tells the newest facts. */
    private void tell() {
        round().news(facts());
    }

    private CompletableFuture<@Nullable String> handOver(PolicyScene.Pod pod) {
        return handOver(pod.handover("uid-" + pod.name(), LONG_MS));
    }

    private CompletableFuture<@Nullable String> handOver(Handover handover) {
        CompletableFuture<@Nullable String> answer = waiting.handOver(handover, _ -> "in vain");
        waiting.takeAdded().forEach(round()::take);
        return answer;
    }

    private void run() throws Exception {
        while (compiling.restNanos() > 0) {
            Thread.onSpinWait();
        }
        round().run(false, isCurrent);
    }

    /** Has all that is under way be compiled and put into force. */
    private void settle() throws Exception {
        run();
        for (Runnable each = compilations.poll(); each != null; each = compilations.poll()) {
            each.run();
            run();
        }
    }

    /** Waits until there is something to do though nobody tells anything. */
    private void awaitTime() {
        assertTrue(round().restNanos(Long.MAX_VALUE) <= LocalPods.ORDER_NANOS);
        while (round().restNanos(Long.MAX_VALUE) > 0) {
            Thread.onSpinWait();
        }
    }

    private Nft opened() {
        Nft made = nft;
        if (made == null) {
            throw new AssertionError("not open");
        }
        return made;
    }

    /** Closes all pods of an app. */
    private static PolicyFact closed(String namespace, String app) {
        return PolicyFact.of(
                namespace, "closed", Selector.of(Map.of("app", app)), List.of("Ingress"), List.of(), List.of());
    }

    @Test
    void podThatNoPolicyCanBeAboutDoesNotWaitForOthersToBeCompiled() throws Exception {
        know(a);
        tell();
        settle();
        namespaces.add(new NamespaceFact("shop", Map.of()));
        policies = List.of(closed("shop", "web"));
        know(b);
        tell();
        run();
        assertEquals(1, compilations.size());
        CompletableFuture<@Nullable String> answer = handOver(b);
        run();
        assertTrue(answer.isDone(), "while the policy is being compiled");
        assertNull(answer.get());
        assertTrue(a.reaches(b));
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        know(c);
        tell();
        CompletableFuture<@Nullable String> another = handOver(c);
        run();
        assertTrue(another.isDone(), "one whose link is new");
        assertTrue(c.reaches(b));
        assertEquals(1, compilations.size());
        int before = opened().generation();
        settle();
        assertEquals(before, opened().generation(), "there is nothing else to say of it");
        assertTrue(b.reaches(a));
    }

    @Test
    void podThatAPolicyMayBeAboutWaitsUntilItIsInForce() throws Exception {
        know(a);
        tell();
        settle();
        know(b);
        policies = List.of(closed("default", "b"));
        tell();
        CompletableFuture<@Nullable String> answer = handOver(b);
        run();
        assertFalse(answer.isDone());
        assertFalse(b.reaches(a));
        assertFalse(round().isAwaited());
        compilations.remove().run();
        assertTrue(round().isAwaited(), "what was compiled is not kept waiting");
        settle();
        assertFalse(round().isAwaited());
        assertTrue(answer.isDone());
        assertTrue(b.reaches(a));
        assertFalse(a.reaches(b));
    }

    /** As long as the ping is waited for, nothing is to be compiled after that: it leaves half of a processor to others. */
    @Test
    void nothingRestsFromCompilingWhileSomebodyWaits() throws Exception {
        policies = List.of(closed("default", "nobody"));
        know(a);
        tell();
        settle();
        know(b);
        tell();
        run();
        assertFalse(a.reaches(b));
        compilations.remove().run();
        round().run(false, isCurrent);
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        know(c);
        tell();
        CompletableFuture<@Nullable String> answer = handOver(c);
        round().run(false, isCurrent);
        assertFalse(answer.isDone());
        assertEquals(1, compilations.size());
    }

    @Test
    void podThatIsInForceWaitsForWhatWasToldBeforeItWasHandedOver() throws Exception {
        know(a);
        know(b);
        tell();
        settle();
        assertTrue(a.reaches(b));
        policies = List.of(closed("default", "b"));
        tell();
        CompletableFuture<@Nullable String> answer = handOver(b);
        run();
        round().run(true, true);
        assertFalse(answer.isDone(), "its policy is being compiled");
        settle();
        assertTrue(answer.isDone());
        assertFalse(a.reaches(b));
    }

    @Test
    void clusterWidePolicyMayBeAboutPodsOfTheNamespacesThatItSelects() throws Exception {
        clusterPolicies = List.of(new ClusterPolicyFact(
                "shop",
                ClusterPolicyFact.Tier.ADMIN,
                1,
                new ClusterPolicyFact.Subject(Selector.of(Map.of("team", "shop")), Selector.EVERYTHING),
                List.of(),
                List.of(),
                false));
        namespaces.set(0, new NamespaceFact("default", Map.of("team", "shop")));
        know(a);
        know(b);
        tell();
        settle();
        know(a);
        tell();
        run();
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        know(c);
        pods.doubt();
        CompletableFuture<@Nullable String> answer = handOver(c);
        tell();
        run();
        assertFalse(answer.isDone());
        namespaces.set(0, new NamespaceFact("default", Map.of("team", "other")));
        tell();
        run();
        assertTrue(answer.isDone());
        assertTrue(c.reaches(a));
    }

    @Test
    void laterPodOfTheSameNameAndAddressIsNotBoundAsTheEarlier() throws Exception {
        know(a);
        know(b);
        policies = List.of(closed("default", "a"));
        tell();
        settle();
        assertTrue(a.reaches(b));
        uids.put("default/b", "uid-later");
        known.put("b", new PodFact("default", "b", Map.of("app", "a"), List.of(), List.of(), "node"));
        tell();
        CompletableFuture<@Nullable String> answer = handOver(b.handover("uid-later", LONG_MS));
        run();
        round().run(true, true);
        assertFalse(answer.isDone());
        assertFalse(a.reaches(b), "as what the earlier one might receive");
        settle();
        assertTrue(answer.isDone());
        assertFalse(a.reaches(b));
    }

    @Test
    void twoHundredAtOnceAreOneTransaction() throws Exception {
        tell();
        settle();
        List<String> links = new ArrayList<>();
        List<CompletableFuture<@Nullable String>> answers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            String link = EndpointName.hostName("default", "many-" + i, "", "eth0");
            links.add("link add " + link + " type veth peer name many-" + i);
            uids.put("default/many-" + i, "uid");
            known.put("many-" + i, new PodFact("default", "many-" + i, Map.of(), List.of(), List.of(), "node"));
        }
        scene.node.ip("-batch", Files.write(folder.resolve("links"), links).toString());
        pods.doubt();
        tell();
        for (int i = 0; i < 200; i++) {
            String link = EndpointName.hostName("default", "many-" + i, "", "eth0");
            answers.add(handOver(new Handover(
                    "default", "many-" + i, "uid", link, List.of(IpAddress.parse("10.64.2." + i)), LONG_MS)));
        }
        int before = opened().generation();
        run();
        assertTrue(answers.stream().allMatch(CompletableFuture::isDone));
        assertEquals(before + 1, opened().generation());
    }

    @Test
    void whatIsNewIsCompiledEvenIfTheKernelRefusesWhatWasCompiledLast() throws Exception {
        know(a);
        tell();
        settle();
        sessions.remove(opened());
        opened().close();
        policies = List.of(closed("default", "a"));
        tell();
        assertThrows(NetlinkException.class, () -> round().run(true, true));
        assertEquals(1, compilations.size());
    }

    /** The thread that compiles takes the processor from this one. */
    @Test
    void whoIsLetThroughIsAnsweredBeforeWhatIsNewBeginsToBeCompiled() throws Exception {
        know(a);
        tell();
        settle();
        know(b);
        tell();
        CompletableFuture<@Nullable String> answer = handOver(b);
        List<Boolean> answered = new ArrayList<>();
        whenBegun = () -> answered.add(answer.isDone());
        run();
        assertEquals(List.of(true), answered);
    }

    @Test
    void whatWasCompiledLastIsNotPutIntoForceAgainIfSomethingNewerIsAboutToBe() throws Exception {
        know(a);
        tell();
        settle();
        policies = List.of(closed("default", "a"));
        tell();
        while (compiling.restNanos() > 0) {
            Thread.onSpinWait();
        }
        assertFalse(round().run(false, true));
        assertEquals(1, compilations.size());
        settle();
        assertFalse(b.reaches(a));
    }

    @Test
    void podWhoseLinkWasAwayWhenItWasToBeBoundIsAnsweredOnlyWhenItIsInForce() throws Exception {
        policies = List.of(closed("default", "nobody"));
        know(a);
        know(b);
        tell();
        run();
        scene.remove(b);
        pods.doubt();
        compilations.remove().run();
        run();
        run();
        assertEquals(1, compilations.size(), "of what is without it");
        PolicyScene.Pod again = scene.pod("b", "10.64.1.3");
        pods.doubt();
        CompletableFuture<@Nullable String> answer = handOver(again);
        run();
        assertFalse(answer.isDone());
        assertFalse(again.reaches(a));
        settle();
        assertTrue(answer.isDone());
        assertTrue(again.reaches(a));
    }

    /** Which is one in the compiler: here, of a policy that no reader makes. */
    @Test
    void mistakeIsToldUntilItIsOverAndNotMadeAgainAtOnce() throws Exception {
        PolicyFact other = closed("default", "b");
        policies = List.of(other);
        know(a);
        know(b);
        tell();
        settle();
        Selector.Operator[] none = new Selector.Operator[1];
        Selector wrong = Selector.of(new Selector.Requirement("app", none[0], List.of()));
        policies = List.of(other, PolicyFact.of("default", "mistake", wrong, List.of("Ingress"), List.of(), List.of()));
        tell();
        run();
        compilations.remove().run();
        assertThrows(CompletionException.class, this::run);
        assertThrows(CompletionException.class, this::run);
        assertEquals(0, compilations.size(), "nothing is new");
        scene.node.execute("nft", "delete", "table", "inet", "towpath-policy");
        assertThrows(CompletionException.class, () -> round().run(true, true));
        assertFalse(a.reaches(b), "what was compiled before is in force");
        assertEquals(1, compilations.size(), "it is tried again now and then");
        policies = List.of();
        tell();
        compilations.remove().run();
        assertThrows(CompletionException.class, this::run);
        assertThrows(CompletionException.class, this::run);
        assertEquals(1, compilations.size());
        compilations.remove().run();
        run();
        assertTrue(a.reaches(b));
    }

    /** A table that another program owns is the only thing that the kernel refuses to change, and it goes with that program. */
    @Test
    void whatTheKernelHasRefusedIsTriedAgainWhateverElseIsUnderWay() throws Exception {
        policies = List.of(closed("default", "b"));
        know(a);
        know(b);
        tell();
        settle();
        Process owner = ownTheTable();
        try {
            assertThrows(NetlinkException.class, () -> round().run(true, true));
        } finally {
            owner.outputWriter().close();
            owner.waitFor();
        }
        assertEquals("", scene.node.execute("nft", "list", "tables"));
        policies = List.of();
        tell();
        while (compiling.restNanos() > 0) {
            Thread.onSpinWait();
        }
        assertTrue(round().run(false, true));
        assertEquals(1, compilations.size(), "what is new is under way");
        assertFalse(a.reaches(b));
    }

    /** Has another program put its own table into the place of ours. */
    private Process ownTheTable() throws Exception {
        String netNs = scene.node.path().substring("/run/netns/".length());
        Process owner = new ProcessBuilder("ip", "netns", "exec", netNs, "nft", "-i")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Writer commands = owner.outputWriter();
        commands.write("delete table inet towpath-policy\nadd table inet towpath-policy { flags owner; }\n");
        commands.flush();
        scene.await("owned", () -> scene.node.execute("nft", "list", "ruleset").contains("flags owner"));
        return owner;
    }

    @Test
    void factsAreNewIfTheyAreOthersWhateverTheySay() {
        PolicyFacts first = facts();
        round().news(first);
        assertTrue(round().has(first));
        PolicyFacts again = facts();
        assertEquals(first, again);
        assertFalse(round().has(again));
    }

    @Test
    void whoWaitsNoMoreIsForgotten() throws Exception {
        tell();
        settle();
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        assertFalse(waiting.isEmpty());
        answer.cancel(false);
        run();
        assertTrue(waiting.isEmpty());
    }

    @Test
    void podThatIsNotKnownIsLetThroughOnlyWhileTheSourceIsThere() throws Exception {
        tell();
        settle();
        isCurrent = false;
        CompletableFuture<@Nullable String> first = handOver(a);
        CompletableFuture<@Nullable String> second = handOver(b);
        run(); // sees the links
        while (pods.unknown(System.nanoTime()).size() < 2) {
            Thread.onSpinWait();
        }
        run();
        assertFalse(first.isDone(), "a policy that nobody can tell of may be about it");
        assertFalse(a.reaches(b));
        isCurrent = true;
        run();
        assertFalse(first.isDone(), "what was not told meanwhile is on its way");
        assertFalse(a.reaches(b));
        awaitTime();
        run();
        assertTrue(first.isDone());
        assertTrue(second.isDone());
        assertTrue(a.reaches(b));
        isCurrent = false;
        pods.doubt();
        run();
        assertTrue(a.reaches(b), "it was let through before");
    }

    @Test
    void podThatIsNotKnownIsLetThroughWhenItsTimeHasComeThoughNothingHappens() throws Exception {
        tell();
        settle();
        awaitTime();
        run();
        assertEquals(Long.MAX_VALUE, round().restNanos(Long.MAX_VALUE), "there is nobody to wait for");
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        while (!answer.isDone()) {
            awaitTime();
            run();
        }
        assertEquals(Long.MAX_VALUE, round().restNanos(Long.MAX_VALUE));
    }

    @Test
    void podThatIsNotKnownIsNotLetThroughByFactsOfAnEarlierAgent() throws Exception {
        round().news(new PolicyFacts(
                new Facts(List.of(), List.copyOf(namespaces), List.of(), policies, clusterPolicies),
                uids,
                Instant.EPOCH));
        settle();
        CompletableFuture<@Nullable String> answer = handOver(a);
        run();
        while (pods.unknown(System.nanoTime()).isEmpty()) {
            Thread.onSpinWait();
        }
        run();
        assertFalse(answer.isDone());
    }
}
