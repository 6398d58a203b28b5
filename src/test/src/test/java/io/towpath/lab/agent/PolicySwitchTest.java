package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.awaitConnects;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.SteadyPing;
import io.towpath.lab.api.ClusterObjects;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Policies are switched on and off on a node whose pods are there, with connections of all kinds open. */
@OnLab
class PolicySwitchTest {
    private static final int PORT = 80;

    @AutoClose
    private final AgentLab lab = new AgentLab("a", "b");

    private final Node a = lab.node("a");

    /** A pod as it was attached before anybody spoke of policies; the API knows it. */
    private Pod pod(String node, String name) {
        Pod pod = lab.pod(node, name);
        lab.api.put(ClusterObjects.pod("lab", name, Map.of("role", name), node, pod.addresses()));
        return pod;
    }

    @Test
    void nothingIsLostThatNoPolicyDenies() {
        lab.api.put(ClusterObjects.namespace("lab", Map.of()));
        Agent without = lab.join("a");
        lab.join("b");
        AgentLab.awaitPeer(a, lab.node("b"));
        AgentLab.awaitPeer(lab.node("b"), a);
        Pod shop = pod("a", "shop");
        Pod near = pod("a", "near");
        Pod far = pod("b", "far");
        Pod thief = pod("b", "thief");
        shop.serve(PORT, "shop");
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: friends, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: shop}}
                  ingress: [{from: [{podSelector: {matchExpressions: [{key: role, operator: In, values: [near, far]}]}}]}]
                """);
        try (SteadyPing one = new SteadyPing(near, shop.address());
                SteadyPing two = new SteadyPing(far, shop.address());
                SteadyPing out = new SteadyPing(shop, thief.address());
                Stream stream = Stream.start(far.namespace(), shop.namespace(), shop.address());
                Stream other = Stream.start(thief.namespace(), near.namespace(), near.address())) {
            PolicyLab.assertConnects(thief.namespace(), thief.address(), shop.address(), PORT);
            without.terminate();
            Agent with = lab.start("a", AgentLab.POLICY);
            awaitConnects(false, thief.namespace(), thief.address(), shop.address(), PORT);
            stream.more(1_000_000);
            other.more(1_000_000);
            assertFalse(table().isEmpty());

            with.terminate();
            lab.start("a");
            Await.until("the table is gone", () -> table().isEmpty());
            PolicyLab.assertConnects(thief.namespace(), thief.address(), shop.address(), PORT);
            stream.more(1_000_000);
            other.more(1_000_000);
            for (SteadyPing ping : List.of(one, two, out)) {
                ping.assertNothingLost();
            }
        }
    }

    private String table() {
        return a.namespace()
                .run("nft", "list", "tables")
                .lines()
                .filter(line -> line.contains("towpath-policy"))
                .findAny()
                .orElse("");
    }
}
