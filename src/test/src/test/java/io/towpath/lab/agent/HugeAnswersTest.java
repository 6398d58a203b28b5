package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Whatever the API sends, the executable takes at most 256 MiB, and goes on when the API is well again. */
@OnLab
@EnabledIf(value = "io.towpath.lab.Agent#isNative", disabledReason = "a JVM has other bounds than the executable")
class HugeAnswersTest {
    private static final double MOST_MIB = 256;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int ENDLESS = 10_000_000;
    private static final String POLICIES = "towpath_policy_policies{kind=\"NetworkPolicy\"}";
    private static final String NEW_SLICE = "10.244.99.0/24";
    private static final String NEW_ADDRESS = "192.168.50.99";

    @AutoClose
    private final AgentLab lab = new AgentLab("a");

    private final Agent agent;
    private final HugeApi huge;

    HugeAnswersTest() throws IOException {
        lab.register("a");
        agent = lab.node("a").agent(lab.api);
        Files.writeString(
                lab.node("a").folder().resolve("net-conf.json"),
                "{\"Network\":\"10.0.0.0/8\",\"Backend\":{\"Type\":\"vxlan\"}}");
        agent.with(AgentLab.POLICY).start().awaitReady();
        huge = new HugeApi(lab.api.node("a"));
    }

    private void await(String what, BooleanSupplier condition) {
        Await.until(
                what,
                PATIENCE,
                Duration.ofMillis(50),
                () -> {
                    agent.requireAlive();
                    return condition.getAsBoolean();
                },
                agent::log);
    }

    private void awaitTold(String trouble) {
        await(trouble, () -> agent.log().contains(trouble));
    }

    private void assertBounded(String what) {
        double most = Figures.residentMiB(agent, "VmHWM");
        System.out.printf("lab: %-60s %8.1f MiB%n", what, most);
        assertTrue(most <= MOST_MIB, () -> what + ": " + most + " MiB\n" + agent.log());
    }

    /** It lives, has been within its bound all the time, and learns what is new when the API is well again. */
    private void assertWell(String what) {
        assertBounded(what);
        assertEquals(200, agent.code("healthz"), agent::log);
        lab.api.mend();
        lab.api.addNode(NodeObjects.ofFlannel("new", NEW_SLICE, NEW_ADDRESS, "02:00:00:00:00:99"));
        await("the new node", () -> AgentLab.hasPeer(lab.node("a").namespace(), NEW_SLICE, NEW_ADDRESS));
        await("it is ready", () -> agent.code("readyz") == 200);
        assertBounded(what + ", then well");
    }

    @Test
    void fiveThousandNodesWithFatAnnotations() {
        lab.api.fail(huge.list(HugeApi.NODES, 5000, i -> HugeApi.node(i, i % 50 == 0 ? 250_000 : 20_000)));
        await("all nodes", () -> agent.metric("towpath_overlay_peers{device=\"flannel.1\"}") == 5000);
        assertWell("5,000 nodes with annotations of 20 to 250 KB");
    }

    @Test
    void tenThousandPoliciesAndFiftyThousandPodsAndNamespaces() {
        lab.api.fail(huge.list(HugeApi.POLICIES, 10_000, i -> HugeApi.policy(i, 3, HugeApi.RULE))
                .list(HugeApi.PODS, 50_000, i -> HugeApi.pod(i, 3))
                .list(HugeApi.NAMESPACES, 50_000, i -> HugeApi.namespace(i, 3)));
        await("all policies", () -> agent.metric(POLICIES) == 10_000);
        assertWell("10,000 policies, 50,000 pods, 50,000 namespaces");
    }

    @Test
    void podsNamespacesAndPoliciesWithoutAnEnd() {
        lab.api.fail(huge.list(HugeApi.PODS, ENDLESS, i -> HugeApi.pod(i, 60))
                .list(HugeApi.NAMESPACES, ENDLESS, i -> HugeApi.namespace(i, 60))
                .list(HugeApi.POLICIES, ENDLESS, i -> HugeApi.policy(i, 20, HugeApi.RULE)));
        awaitTold("than there is memory for");
        long asked = huge.asked();
        await("it asks again", () -> huge.asked() > asked + 10);
        assertWell("lists without an end");
    }

    @Test
    void tenThousandPoliciesAndFiftyThousandPodsAsEvents() {
        lab.api.fail(huge.streaming()
                .list(HugeApi.POLICIES, 10_000, i -> HugeApi.policy(i, 3, HugeApi.RULE))
                .list(HugeApi.PODS, 50_000, i -> HugeApi.pod(i, 3))
                .list(HugeApi.NAMESPACES, 50_000, i -> HugeApi.namespace(i, 3)));
        await("all policies", () -> agent.metric(POLICIES) == 10_000);
        assertWell("10,000 policies, 50,000 pods, 50,000 namespaces as events");
    }

    @Test
    void podsAndPoliciesWithoutAnEndAsEvents() {
        lab.api.fail(huge.streaming()
                .list(HugeApi.PODS, ENDLESS, i -> HugeApi.pod(i, 60))
                .list(HugeApi.POLICIES, ENDLESS, i -> HugeApi.policy(i, 20, HugeApi.RULE)));
        awaitTold("than there is memory for");
        assertWell("events without an end");
    }

    @Test
    void policiesOfAsManyRulesAsFitIntoAnObject() {
        lab.api.fail(huge.list(HugeApi.POLICIES, 50, i -> HugeApi.policy(i, 450_000, "{}")));
        await(
                "all policies, or a word why not",
                () -> agent.metric(POLICIES) == 50 || agent.log().contains("than there is memory for"));
        assertWell("50 policies of 450,000 rules");
    }

    @Test
    void anObjectOfSeveralMebibytes() {
        lab.api.fail(huge.list(HugeApi.NODES, 20, i -> HugeApi.node(i, 6 << 20)));
        await("all nodes", () -> agent.metric("towpath_overlay_peers{device=\"flannel.1\"}") == 20);
        assertWell("nodes of 6 MiB");
    }

    @Test
    void anAnswerWithoutAnEnd() {
        lab.api.fail(huge.instead(HugeApi.NODES, HugeApi.mebibytes(1 << 20))
                .instead(HugeApi.PODS, HugeApi.mebibytes(1 << 20)));
        awaitTold("the nodes cannot be watched, what was told of them stays in force: an answer is longer than 8 MiB");
        assertWell("answers without an end");
    }

    @Test
    void anEventWithoutAnEnd() {
        lab.api.fail(
                huge.watch(HugeApi.NODES, HugeApi.mebibytes(1 << 20)).watch(HugeApi.PODS, HugeApi.mebibytes(1 << 20)));
        awaitTold("with an event that is longer than 8 MiB");
        assertWell("lines without an end");
    }
}
