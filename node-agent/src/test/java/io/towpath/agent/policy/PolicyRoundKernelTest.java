package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Selector;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Single rounds on a real kernel: who waits for what. */
@NeedsRoot
class PolicyRoundKernelTest extends PolicyRoundScene {
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
    void factsAreNewIfTheyAreOthersWhateverTheySay() {
        PolicyFacts first = facts();
        round().news(first);
        assertTrue(round().has(first));
        PolicyFacts again = facts();
        assertEquals(first, again);
        assertFalse(round().has(again));
    }
}
