package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.cache.Cache;
import io.towpath.agent.cache.CachedPolicySource;
import io.towpath.agent.source.PolicySource;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent before was told is enforced until the API tells, and never in the place of what denies more. */
@NeedsRoot
class KeptPoliciesKernelTest {
    private static final int SOON_MS = 300;
    private static final int LONG_MS = 20_000;
    private static final String ENFORCED = "policies as they were known before are enforced until the source tells";
    private static final String NOT_USED = "what was known of policies before is not used";

    @TempDir
    private Path folder;

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    private final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");
    private final List<Agent> agents = new ArrayList<>();

    @AfterEach
    void close() {
        agents.forEach(agent -> agent.cache.close());
        scene.close();
    }

    /** An API that says nothing but what a test has it say. */
    private static final class Api implements PolicySource {
        private volatile @Nullable Listener listener;

        @Override
        public void start(Listener to) {
            listener = to;
        }

        Listener to() {
            return Objects.requireNonNull(listener);
        }

        @Override
        public void close() {}
    }

    /** An agent with its own memory; what is on the disk and in the kernel, all share. */
    private record Agent(PolicyController controller, Api api, CachedPolicySource source, Cache cache) {
        void end() {
            controller.close();
            source.close();
            cache.close();
        }

        /** Nothing is written any more. */
        void die() {
            controller.close();
        }
    }

    private Agent start() throws Exception {
        Api api = new Api();
        Cache cache =
                new Cache(folder.resolve("cache"), "node", () -> List.of(IpPrefix.parse("10.64.0.0/10")), scene.logger);
        CachedPolicySource source =
                new CachedPolicySource(api, cache, folder.resolve("run").toString(), Clock.systemUTC());
        Agent agent = new Agent(scene.start(), api, source, cache);
        scene.node.inside(() -> source.start(agent.controller));
        agents.add(agent);
        return agent;
    }

    private Agent startKnowingBoth(PolicyFact... policies) throws Exception {
        Agent agent = start();
        scene.know(a, "uid-a");
        scene.know(b, "uid-b");
        tell(agent, policies);
        scene.await("both", () -> scene.status().endpoints() == 2);
        scene.await("kept", () -> Files.exists(mark()));
        return agent;
    }

    private void tell(Agent agent, PolicyFact... policies) {
        scene.policies(policies);
        agent.api.to().policy(scene.facts());
    }

    private Path mark() {
        return folder.resolve("run/policy-facts.id");
    }

    private String ruleset() {
        return scene.node.execute("nft", "--stateless", "list", "ruleset");
    }

    private void boot() throws Exception {
        scene.node.execute("nft", "flush", "ruleset");
        Files.deleteIfExists(mark());
    }

    /** Lets nobody into a pod. */
    private static PolicyFact closed(String app) {
        return new PolicyFact(
                "default", "closed", Selector.of(Map.of("app", app)), true, false, List.of(), List.of(), false);
    }

    /** Lets only b into a. */
    private static PolicyFact onlyB() {
        Peer onlyB = new Peer.Pods(null, Selector.of(Map.of("app", "b")));
        List<RuleFact> rules = List.of(new RuleFact(List.of(onlyB), List.of()));
        return new PolicyFact(
                "default", "only-b", Selector.of(Map.of("app", "a")), true, false, rules, List.of(), false);
    }

    /** Whether the status is of what an agent before was told. */
    private boolean isOfBefore() {
        return !scene.status().isKnown() && scene.status().held() != null;
    }

    private static @Nullable String get(CompletableFuture<@Nullable String> answer) throws Exception {
        return answer.get(40, TimeUnit.SECONDS);
    }

    @Test
    void afterABootPodsThatAreKnownGetTheirNetworkWithTheirPolicies() throws Exception {
        startKnowingBoth(closed("b")).end();
        boot();
        scene.remove(b);
        Instant before = Instant.now();
        Agent agent = start();
        PolicyScene.Pod again = scene.pod("b", "10.64.1.9");
        assertNull(get(agent.controller.handOver(again.handover("uid-b", LONG_MS))));
        assertFalse(a.reaches(again));
        assertTrue(again.reaches(a));
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        assertEquals(
                "the Kubernetes API has not told anything yet, and knew of no pod default/c on this node before",
                get(agent.controller.handOver(c.handover("uid-c", SOON_MS))));
        assertFalse(c.reaches(a));
        scene.await("told", () -> isOfBefore() && scene.log().contains(ENFORCED));
        assertTrue(scene.status().inForce());
        Instant held = Objects.requireNonNull(scene.status().held());
        assertFalse(held.isAfter(before), "since the agent before was told");

        scene.know(c, "uid-c");
        tell(agent, closed("c"));
        scene.await("told", () -> scene.status().isKnown() && a.reaches(again));
        assertFalse(a.reaches(c));
        assertEquals(Duration.ZERO, scene.status().age(Instant.now()));
    }

    @Test
    void whatIsOlderThanWhatIsInForceNeverTakesItsPlace() throws Exception {
        Agent first = startKnowingBoth();
        assertTrue(a.reaches(b));
        tell(first, closed("b"));
        assertFalse(Files.exists(mark()), "what is kept is not what is told any more");
        scene.await("closed", () -> !a.reaches(b));
        first.die();
        String before = ruleset();

        Agent second = start();
        scene.await("judged", () -> scene.log().contains(NOT_USED));
        assertEquals(
                "the policies of the cluster are not known yet",
                get(second.controller.handOver(a.handover("uid-a", SOON_MS))));
        assertEquals(before, ruleset());
        assertFalse(a.reaches(b));
        assertNull(scene.status().held());

        tell(second, closed("b"));
        assertNull(get(second.controller.handOver(a.handover("uid-a", LONG_MS))));
        scene.await("kept", () -> Files.exists(mark()));
        assertFalse(a.reaches(b));
    }

    @Test
    void whatIsInForceIsKnownAgainWithoutTheApiHoweverTheAgentEnded() throws Exception {
        Agent first = startKnowingBoth(onlyB());
        scene.await("open and closed", () -> b.reaches(a));
        first.die();
        String before = ruleset();
        Agent second = start();
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        assertTrue(String.valueOf(get(second.controller.handOver(c.handover(null, SOON_MS))))
                .contains("knew of no pod default/c"));
        assertNull(get(second.controller.handOver(b.handover("uid-b", LONG_MS))));
        assertEquals(before, ruleset());
        // And so it is after one that had nothing but what was kept.
        second.die();
        Agent third = start();
        assertNull(get(third.controller.handOver(b.handover("uid-b", LONG_MS))));
        assertEquals(before, ruleset());
        assertTrue(b.reaches(a));
        tell(third, closed("b"));
        scene.await("closed", () -> !a.reaches(b));
        third.end();
        assertTrue(Files.exists(mark()), "written at the end");
        String later = ruleset();
        Agent fourth = start();
        assertNull(get(fourth.controller.handOver(b.handover("uid-b", LONG_MS))));
        assertEquals(later, ruleset());
        assertFalse(scene.log().contains(NOT_USED), scene::log);
    }

    @Test
    void whatWasToldLongAgoSaysSo() throws Exception {
        startKnowingBoth(closed("b")).end();
        boot();
        Path file = folder.resolve("cache/policy-facts.json");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(3 * 86_400)));
        Agent agent = start();
        assertNull(get(agent.controller.handOver(b.handover("uid-b", LONG_MS))));
        scene.await("told", () -> isOfBefore() && scene.log().contains("known=\"3 days ago\""));
        Duration age = Objects.requireNonNull(scene.status().age(Instant.now()));
        assertEquals(3, age.toDays());
    }
}
