package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.Heartbeat;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.table.TableManager;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A node with two pods, and rounds whose compilations take as long as a test has them take. */
abstract class PolicyRoundScene {
    static final int LONG_MS = 60_000;

    final PolicyScene scene = new PolicyScene();
    final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");
    final Queue<Runnable> compilations = new ArrayDeque<>();
    final Compilations compiling =
            new Compilations(this::begin, new Heartbeat("compile", Duration.ofMinutes(1)), () -> {});
    final LocalPods pods = new LocalPods();
    final Waiting waiting = new Waiting();
    final Map<String, PodFact> known = new HashMap<>();
    final Map<String, String> uids = new HashMap<>();
    final List<NamespaceFact> namespaces = new ArrayList<>(List.of(new NamespaceFact("default", Map.of())));
    boolean isCurrent = true;
    Runnable whenBegun = () -> {};
    List<PolicyFact> policies = List.of();
    List<ClusterPolicyFact> clusterPolicies = List.of();
    final List<AutoCloseable> sessions = new ArrayList<>();

    @Nullable
    Nft nft;

    @Nullable
    TableManager owner;

    @Nullable
    PolicyRound round;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws Exception {
        Log log = new Log(
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
        try (NetNs netNs = scene.node.open()) {
            Rtnl links = Rtnl.open(netNs);
            TableManager tables = TableManager.open(netNs, remake -> {
                throw new AssertionError(remake);
            });
            Nft session = Nft.open(netNs);
            Conntrack connections = Conntrack.open(netNs);
            sessions.addAll(List.of(links, tables, session, connections));
            nft = session;
            owner = tables;
            round = new PolicyRound(
                    links,
                    new Enforcing(tables, connections, links, PolicyOptions.silent(), () -> {}),
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

    PolicyRound round() {
        PolicyRound made = round;
        if (made == null) {
            throw new AssertionError("not open");
        }
        return made;
    }

    void begin(Runnable compilation) {
        whenBegun.run();
        compilations.add(compilation);
    }

    void know(PolicyScene.Pod pod) {
        known.put(
                pod.name(),
                new PodFact("default", pod.name(), Map.of("app", pod.name()), List.of(), List.of(), "node"));
        uids.put("default/" + pod.name(), "uid-" + pod.name());
    }

    PolicyFacts facts() {
        return new PolicyFacts(
                new Facts(List.copyOf(known.values()), List.copyOf(namespaces), List.of(), policies, clusterPolicies),
                uids);
    }

    /** Tells the newest facts. */
    void tell() {
        round().news(facts());
    }

    CompletableFuture<@Nullable String> handOver(PolicyScene.Pod pod) {
        return handOver(pod.handover("uid-" + pod.name(), LONG_MS));
    }

    CompletableFuture<@Nullable String> handOver(Handover handover) {
        CompletableFuture<@Nullable String> answer = waiting.handOver(handover, _ -> "in vain");
        waiting.takeAdded().forEach(round()::take);
        return answer;
    }

    void run() throws Exception {
        while (compiling.restNanos() > 0) {
            Thread.onSpinWait();
        }
        round().run(false, isCurrent);
    }

    /** Has all that is under way be compiled and put into force. */
    void settle() throws Exception {
        run();
        for (Runnable each = compilations.poll(); each != null; each = compilations.poll()) {
            each.run();
            run();
        }
    }

    /** Waits until there is something to do though nobody tells anything. */
    void awaitTime() {
        assertTrue(round().restNanos(Long.MAX_VALUE) <= LocalPods.ORDER_NANOS);
        while (round().restNanos(Long.MAX_VALUE) > 0) {
            Thread.onSpinWait();
        }
    }

    TableManager owner() {
        TableManager made = owner;
        if (made == null) {
            throw new AssertionError("not open");
        }
        return made;
    }

    Nft opened() {
        Nft made = nft;
        if (made == null) {
            throw new AssertionError("not open");
        }
        return made;
    }

    /** Closes all pods of an app. */
    static PolicyFact closed(String namespace, String app) {
        return PolicyFact.of(
                namespace, "closed", Selector.of(Map.of("app", app)), List.of("Ingress"), List.of(), List.of());
    }
}
