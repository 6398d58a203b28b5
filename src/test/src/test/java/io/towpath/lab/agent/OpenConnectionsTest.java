package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is open when policies change is cut if they deny it from now on, and not disturbed if they do not. */
@OnLab
class OpenConnectionsTest {
    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Pod shop = lab.pod(lab.a, "shop");
    private final Pod near = lab.pod(lab.a, "near");
    private final Pod far = lab.pod(lab.b, "far");

    /** Only pods of these roles reach the shop. */
    private void friends(String policy, String... roles) {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: shop}}
                  ingress: [{from: [{podSelector: {matchExpressions: [{key: role, operator: In, values: %s}]}}]}]
                """.formatted(policy, List.of(roles)));
    }

    private Open open(String protocol, Pod from, Pod to, int family) {
        String address = to.addresses().get(family);
        return Open.oneWay(protocol, from.namespace(), to.namespace(), address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void whatIsDeniedFromNowOnIsCut(String protocol) {
        for (int family = 0; family < 2; family++) {
            try (Open open = open(protocol, family == 0 ? near : far, shop, family)) {
                open.assertGoesOn();
                friends("friends", "nobody");
                open.assertIsCut();
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
            }
        }
    }

    /** Both sides send: neither brings back to life what the other may not have begun. */
    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void aConversationIsCutBothWays(String protocol) {
        for (Pod from : List.of(near, far)) {
            try (Open open = conversation(protocol, from)) {
                open.assertGoesOn();
                friends("friends", "nobody");
                open.assertIsCut();
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
            }
        }
    }

    private Open conversation(String protocol, Pod from) {
        return Open.bothWays(protocol, from.namespace(), shop.namespace(), shop.address());
    }

    @Test
    void whatCameByAHostPortIsCut() {
        String mapping = "[{'hostPort': %1$d, 'containerPort': %1$d, 'protocol': 'tcp'}]".formatted(Stream.PORT);
        Pod stall = lab.pod(lab.a, "stall", "shop", Map.of("portMappings", mapping));
        for (Namespace from : List.of(lab.b.namespace(), far.namespace(), near.namespace())) {
            try (Open open = Open.oneWay("tcp", from, stall.namespace(), lab.a.address())) {
                open.assertGoesOn();
                friends("friends", "nobody");
                open.assertIsCut();
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
                awaitPolicies(0);
            }
        }
    }

    @Test
    void whatGoesOutByTheNodesAddressIsCut() {
        Namespace outside = lab.lab.lab.underlay();
        for (String address : List.of(Lab.OUTSIDE, Lab.OUTSIDE_V6)) {
            try (Open open = Open.oneWay("tcp", shop.namespace(), outside, address)) {
                open.assertGoesOn();
                lab.api.apply("""
                        apiVersion: networking.k8s.io/v1
                        kind: NetworkPolicy
                        metadata: {name: mute, namespace: lab}
                        spec: {podSelector: {matchLabels: {role: shop}}, policyTypes: [Egress]}
                        """);
                open.assertIsCut();
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "mute");
                awaitPolicies(0);
            }
        }
    }

    @Test
    void whatIsDeniedWhileThereIsNoAgentIsCutWhenItIsBack() {
        try (Open denied = open("tcp", near, shop, 0);
                Open allowed = open("udp", far, shop, 0)) {
            lab.agent.kill();
            friends("friends", "far");
            denied.assertGoesOn();
            lab.agent.start().awaitReady();
            denied.assertIsCut();
            allowed.assertGoesOn();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void whatStaysAllowedLosesNoPacket(String protocol) {
        for (int family = 0; family < 2; family++) {
            double dropped = dropped();
            try (Open one = open(protocol, near, shop, family);
                    Open two = open(protocol, shop, far, family)) {
                // By nothing that denies, then by one policy, by two, by the other alone, and by nothing again.
                friends("friends", "near", "far");
                assertGoOn(1, one, two);
                friends("others", "near");
                assertGoOn(2, one, two);
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
                assertGoOn(1, one, two);
                lab.api.delete(Kind.NETWORK_POLICY, "lab", "others");
                assertGoOn(0, one, two);
                assertEquals(dropped, dropped());
            }
        }
    }

    private void assertGoOn(int policies, Open... all) {
        awaitPolicies(policies);
        for (Open each : all) {
            each.assertGoesOn();
        }
    }

    private void awaitPolicies(int policies) {
        Await.until(
                policies + " policies are in force",
                () -> lab.agent.metric("towpath_policy_policies{kind=\"NetworkPolicy\"}") == policies);
    }

    /** Up to the last change, as the agent counts then. */
    private double dropped() {
        return lab.agent.metric("towpath_policy_dropped_packets_total{reason=\"ingress\"}")
                + lab.agent.metric("towpath_policy_dropped_packets_total{reason=\"invalid\"}");
    }
}
