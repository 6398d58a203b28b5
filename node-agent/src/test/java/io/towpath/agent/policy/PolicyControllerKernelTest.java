package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.PolicyTable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The controller on a real kernel: whose pods are known, what is acknowledged when, and what becomes of packets. */
@NeedsRoot
class PolicyControllerKernelTest {
    private static final int SOON_MS = 300;
    private static final int LONG_MS = 60_000;

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    private final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");

    @AfterEach
    void close() {
        scene.close();
    }

    /** Lets only some into all pods of an app. */
    private static PolicyFact into(String app, String... apps) {
        List<RuleFact> rules = List.of(apps).stream()
                .map(each -> new RuleFact(List.of(new Peer.Pods(null, Selector.of(Map.of("app", each)))), List.of()))
                .toList();
        return new PolicyFact(
                "default", "into-" + app, Selector.of(Map.of("app", app)), true, false, rules, List.of(), false);
    }

    private void startKnowingBoth() throws Exception {
        scene.start();
        scene.know(a, "uid-a");
        scene.know(b, "uid-b");
        scene.tell();
        scene.await("both", () -> scene.status().endpoints() == 2);
    }

    /** A policy that is about no pod there is, but may be about one that is not known. */
    private void policyOfTheNamespace() throws Exception {
        scene.policies(into("nobody"));
        scene.tell();
        scene.await("told", () -> scene.status().policies() == 1);
    }

    private static @Nullable String get(CompletableFuture<@Nullable String> answer) throws Exception {
        return answer.get(20, TimeUnit.SECONDS);
    }

    @Test
    void podsOfAnAgentBeforeAreKnownByTheirLinks() throws Exception {
        assertTrue(a.reaches(b));
        startKnowingBoth();
        assertTrue(a.reaches(b));
        assertTrue(b.reaches(a));
        scene.policies(into("b"));
        scene.tell();
        scene.await("closed", () -> !a.reaches(b));
        assertTrue(b.reaches(a));
        scene.policies(into("b", "a"));
        scene.tell();
        scene.await("open", () -> a.reaches(b));
        assertTrue(scene.status().inForce());
        assertTrue(scene.status().isKnown());
    }

    @Test
    void nothingIsDoneBeforeAllIsKnown() throws Exception {
        scene.start();
        CompletableFuture<@Nullable String> answer = scene.controller().handOver(a.handover(null, SOON_MS));
        assertEquals("the policies of the cluster are not known yet", get(answer));
        assertTrue(a.reaches(b));
        assertEquals("", scene.node.execute("nft", "list", "ruleset"));
        assertFalse(scene.status().isKnown());
    }

    @Test
    void factsThatAreToldWhileARoundIsUnderWayComeIntoForce() throws Exception {
        startKnowingBoth();
        assertNull(scene.controller().notInForce());
        scene.amidRound(() -> {
            scene.policies(into("b"));
            scene.tell();
            assertEquals(
                    "not in force on this node yet: its kernel has what was known before",
                    scene.controller().notInForce());
        });
        scene.tell();
        scene.await("told amid the round", () -> scene.status().policies() == 1);
        assertNull(scene.controller().notInForce());
        assertFalse(a.reaches(b));
    }

    @Test
    void podIsAcknowledgedWhenItsPoliciesAreInForce() throws Exception {
        startKnowingBoth();
        policyOfTheNamespace();
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        CompletableFuture<@Nullable String> early = scene.controller().handOver(c.handover("uid-c", SOON_MS));
        assertEquals("the Kubernetes API has not told of pod default/c on this node", get(early));
        assertFalse(c.reaches(a), "a pod that is not known");
        CompletableFuture<@Nullable String> answer = scene.controller().handOver(c.handover("uid-c", LONG_MS));
        scene.policies(into("a", "c"), into("c"));
        scene.know(c, "uid-c");
        scene.tell();
        assertNull(get(answer));
        assertTrue(c.reaches(a));
        assertFalse(b.reaches(a));
        assertFalse(a.reaches(c));
        assertEquals(3, scene.status().endpoints());
    }

    @Test
    void podIsNotTakenForAnEarlierOneOfItsName() throws Exception {
        startKnowingBoth();
        policyOfTheNamespace();
        scene.remove(a);
        scene.await("gone", () -> scene.status().endpoints() == 1);
        PolicyScene.Pod again = scene.pod("a", "10.64.1.9");
        CompletableFuture<@Nullable String> early = scene.controller().handOver(again.handover("uid-later", SOON_MS));
        assertEquals("the Kubernetes API has told of another pod default/a only, with UID uid-a", get(early));
        assertFalse(again.reaches(b));
        CompletableFuture<@Nullable String> answer = scene.controller().handOver(again.handover("uid-later", LONG_MS));
        scene.know(again, "uid-later");
        scene.tell();
        assertNull(get(answer));
        assertTrue(again.reaches(b));
    }

    @Test
    void podThatNoPolicyCanBeAboutIsLetThroughBeforeItIsKnown() throws Exception {
        startKnowingBoth();
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        assertNull(get(scene.controller().handOver(c.handover("uid-c", LONG_MS))));
        assertTrue(c.reaches(a));
        assertTrue(a.reaches(c));
        c.inside().ip("address", "add", "10.64.1.77/32", "dev", "eth0");
        c.inside().execute("sh", "-c", "ping -c 1 -W 1 -I 10.64.1.77 " + a.address() + " >&2; true");
        scene.await("nothing from another's address", () -> {
            scene.tell();
            return scene.status().dropped().strangers() == 1;
        });
        scene.policies(into("c"));
        scene.tell();
        scene.await("closed, as the policy may be about it", () -> !a.reaches(c) && !c.reaches(a));
        scene.know(c, "uid-c");
        scene.tell();
        scene.await("known", () -> c.reaches(a));
        assertFalse(a.reaches(c));
        scene.policies();
        scene.tell();
        scene.await("open", () -> a.reaches(c));
        scene.forget(c);
        scene.tell();
        scene.await("gone", () -> !a.reaches(c));
    }

    @Test
    void whoeverWaitsIsAnsweredInTimeByAnAgentThatIsLate() throws Exception {
        scene.make();
        assertEquals(
                "the policies of the cluster are not known yet",
                get(scene.controller().handOver(a.handover("uid-a", SOON_MS))));
        scene.tell();
        CompletableFuture<@Nullable String> late = scene.controller().handOver(a.handover("uid-a", SOON_MS));
        assertEquals(Waiting.BUSY, get(late));
        CompletableFuture<@Nullable String> last = scene.controller().handOver(a.handover("uid-a", LONG_MS));
        scene.controller().close();
        assertEquals("the agent is stopping", get(last));
        assertEquals("the agent is stopping", get(scene.controller().handOver(a.handover("uid-a", LONG_MS))));
    }

    /** The event of a pod that cannot start is all that its owner sees. */
    @Test
    void whoWaitsIsToldWhatIsWrongWithTheSource() throws Exception {
        scene.start();
        String refusal = "the pods cannot be watched: 403 pods is forbidden";
        scene.controller().policyTrouble(refusal);
        assertEquals(
                "the policies of the cluster are not known yet: " + refusal,
                get(scene.controller().handOver(a.handover(null, SOON_MS))));
        scene.policies();
        scene.tell();
        scene.await("known", () -> scene.status().isKnown());
        assertEquals(
                "the Kubernetes API has not told of pod default/a on this node: " + refusal,
                get(scene.controller().handOver(a.handover(null, SOON_MS))));
    }

    @Test
    void linkThatIsNotThereIsTold() throws Exception {
        startKnowingBoth();
        scene.remove(b);
        CompletableFuture<@Nullable String> answer = scene.controller().handOver(b.handover("uid-b", SOON_MS));
        assertEquals("there is no link " + b.link(), get(answer));
    }

    @Test
    void podWithoutHandoverIsFoundByItsLink() throws Exception {
        startKnowingBoth();
        PolicyScene.Pod c = scene.pod("c", "10.64.1.4");
        scene.know(c, "uid-c");
        scene.tell();
        scene.await("found", () -> scene.status().endpoints() == 3);
        assertTrue(c.reaches(a));
    }

    @Test
    void connectionThatIsPermittedNoMoreEnds() throws Exception {
        startKnowingBoth();
        String netNs = a.inside().path().substring("/run/netns/".length());
        Process ping = new ProcessBuilder(
                        "ip",
                        "netns",
                        "exec",
                        netNs,
                        "ping",
                        "-i",
                        "0.05",
                        "-n",
                        b.address().toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            // Packets of a tracked connection pass without a look at the policies: it would go on as long as it is
            // tracked.
            scene.await("tracked", () -> !connections().isEmpty());
            scene.policies(into("b"));
            scene.tell();
            scene.await("denied", () -> {
                // The counter is read by the rounds.
                scene.tell();
                return scene.status().dropped().ingress() > 3;
            });
            assertEquals("", connections());
        } finally {
            ping.destroy();
            ping.waitFor();
        }
    }

    private String connections() {
        return scene.node
                .execute("conntrack", "-L", "-p", "icmp", "-d", b.address().toString(), "-o", "id")
                .lines()
                .filter(each -> each.startsWith("icmp"))
                .collect(Collectors.joining("\n"));
    }

    @Test
    void tableThatOthersChangedIsRepaired() throws Exception {
        startKnowingBoth();
        scene.policies(into("b"));
        scene.tell();
        scene.await("closed", () -> !a.reaches(b));
        scene.node.execute("nft", "delete", "table", "inet", "towpath-policy");
        scene.await("repaired", () -> scene.status().repairs() == 1);
        assertFalse(a.reaches(b));
        assertTrue(scene.log().contains("policies repaired"), scene::log);
    }

    @Test
    void problemIsToldOnceAndWhenItEnds() throws Exception {
        startKnowingBoth();
        PolicyFact wrong = new PolicyFact(
                "default",
                "wrong",
                Selector.EVERYTHING,
                true,
                false,
                List.of(new RuleFact(List.of(new Peer.Unknown("10.0.0.0/33 is no CIDR")), List.of())),
                List.of(),
                false);
        scene.policies(wrong);
        scene.tell();
        scene.await("problem", () -> scene.status().problems().size() == 1);
        scene.policies(wrong, into("b"));
        scene.tell();
        scene.await("closed", () -> scene.status().policies() == 2);
        scene.policies();
        scene.tell();
        scene.await("ended", () -> scene.status().problems().isEmpty());
        long lines =
                scene.log().lines().filter(each -> each.contains("10.0.0.0/33")).count();
        assertEquals(2, lines, scene::log);
    }

    @Test
    void dryRunIsCountedAndNotEnforced() throws Exception {
        startKnowingBoth();
        assertNull(scene.status().tried());
        scene.policies(into("b").withDryRun(true), into("a"));
        scene.tell();
        scene.await("tried", () -> scene.status().tried() != null);
        assertTrue(a.reaches(b));
        assertFalse(b.reaches(a));
        scene.tell();
        scene.await("counted", () -> {
            PolicyTable.Dropped tried = scene.status().tried();
            scene.tell();
            return tried != null && tried.ingress() == 1 && tried.egress() == 0;
        });
        assertEquals(1, scene.status().dropped().ingress());
        scene.policies(into("b"));
        scene.tell();
        scene.await("enforced", () -> !a.reaches(b));
        assertNull(scene.status().tried());
        assertFalse(scene.node.execute("nft", "list", "tables").contains("trial"));
    }

    @Test
    void nothingChangesWhenTheLoopEnds() throws Exception {
        startKnowingBoth();
        scene.policies(into("b"));
        scene.tell();
        scene.await("closed", () -> !a.reaches(b));
        String before = scene.node.execute("nft", "--stateless", "list", "ruleset");
        scene.controller().close();
        assertEquals(before, scene.node.execute("nft", "--stateless", "list", "ruleset"));
        scene.start();
        scene.tell();
        scene.await("known again", () -> scene.status().endpoints() == 2);
        assertEquals(before, scene.node.execute("nft", "--stateless", "list", "ruleset"));
        assertFalse(a.reaches(b));
        assertTrue(b.reaches(a));
    }
}
