package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Answer;
import io.towpath.lab.Await;
import io.towpath.lab.Flood;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.api.Kind;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies are in force before a pod's first packet, and stay so whatever becomes of the agent. */
@OnLab
class PolicyTest {
    /** Pods labelled so send nothing. */
    private static final String MUTE = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: mute, namespace: lab}
            spec:
              podSelector: {matchLabels: {role: mute}}
              policyTypes: [Egress]
            """;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Node b = lab.b;
    private final Agent agent = lab.agent;

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void whatAPodSendsInItsFirstMicrosecondIsDenied(int family) {
        Pod far = lab.pod(b, "far", "none");
        lab.api.apply(MUTE);
        Pod eager = lab.scheduled(a, "eager", "mute");
        try (Flood flood =
                Flood.start(eager.namespace(), far.namespace(), far.addresses().get(family), true)) {
            eager.add();
            flood.more(10_000);
            assertEquals(0, flood.received());
            lab.api.delete(Kind.NETWORK_POLICY, "lab", "mute");
            Await.until("what is denied no more arrives", () -> flood.received() > 0);
        }
    }

    @Test
    void aPodThatTheClusterDoesNotKnowIsNotAddedWhereAPolicyMayBeAboutIt() {
        lab.api.apply(PolicyLab.FRIENDS);
        Pod far = lab.pod(b, "far", "none");
        Pod stranger = a.pod("stranger").conf(PolicyLab.conf(a));
        NodeState before = NodeState.ofKernel(a.namespace());
        Answer early = stranger.tryAdd();
        early.failedWith(11);
        assertTrue(
                early.toString().contains("the Kubernetes API has not told of pod lab/stranger on this node"),
                early::toString);
        NodeState.ofKernel(a.namespace()).assertSameAs(before);
        a.leases().assertEmptyButIndex();
        lab.tell(stranger, "stranger", "none", List.of());
        stranger.add();
        stranger.ping(far.address());
        stranger.del();
        far.del();
        lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
    }

    @Test
    void withoutAnAgentNoPodIsAdded() {
        agent.kill();
        Pod lone = lab.scheduled(a, "lone", "none");
        NodeState before = NodeState.ofKernel(a.namespace());
        Answer answer = lone.tryAdd();
        answer.failedWith(11);
        assertTrue(answer.toString().contains("no agent listens at "), answer::toString);
        NodeState.ofKernel(a.namespace()).assertSameAs(before);
        a.leases().assertEmptyButIndex();
        agent.start().awaitReady();
        lone.add().del();
    }

    @Test
    void aKilledAgentLetsNothingPassAndStopsNothing() {
        lab.api.apply(PolicyLab.FRIENDS);
        Pod shop = lab.pod(a, "shop", "shop");
        Pod friend = lab.pod(b, "friend", "friend");
        Pod neighbour = lab.pod(a, "neighbour", "friend");
        Pod thief = lab.pod(b, "thief", "thief");
        Await.until("friends get in", () -> reaches(friend, shop) && reaches(neighbour, shop));
        Await.until("others do not", () -> !reaches(thief, shop));
        String why = agent.operator("policy", "explain", "lab/thief", "lab/shop", "80")
                .exited(1)
                .out();
        assertTrue(why.startsWith("denied: lab/thief (" + thief.address() + ") to lab/shop ("), why);
        assertTrue(why.contains("isolated by NetworkPolicy lab/friends, of whose rules none allows it"), why);
        try (SteadyPing far = new SteadyPing(friend, shop.address());
                SteadyPing near = new SteadyPing(neighbour, shop.address());
                Flood flood = Flood.start(thief.namespace(), shop.namespace(), shop.address(), false)) {
            String rules = rules();
            for (int i = 0; i < 3; i++) {
                agent.kill();
                far.more(10);
                flood.more(100);
                assertEquals(rules, rules());
                agent.start().awaitReady();
                far.more(10);
                flood.more(100);
                assertEquals(rules, rules());
            }
            assertEquals(0, flood.received());
            far.assertNothingLost();
            near.assertNothingLost();
        }
    }

    private String rules() {
        return a.namespace()
                .run("nft", "-s", "list", "table", "inet", "towpath-policy")
                .replaceAll("counter packets \\d+ bytes \\d+", "counter");
    }

    private static boolean reaches(Pod from, Pod to) {
        return io.towpath.lab.Network.tryPing(from.namespace(), to.address(), "-W", "1")
                        .exit()
                == 0;
    }
}
