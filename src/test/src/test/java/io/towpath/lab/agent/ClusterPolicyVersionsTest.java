package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.awaitConnects;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.lab.Await;
import io.towpath.lab.Flood;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A ClusterNetworkPolicy stays in force whatever versions of its kind the API serves; it ends with the kind alone. */
@OnLab
class ClusterPolicyVersionsTest {
    private static final int PORT = 80;
    private static final String UP = "towpath_policy_source_up";

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, false);

    private final Pod shop = lab.pod(lab.a, "shop");
    private final Pod thief = lab.pod(lab.b, "thief");

    private void deny() {
        shop.serve(PORT, "shop");
        lab.api.apply("""
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: no-thieves}
                spec:
                  tier: Admin
                  priority: 1
                  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {role: shop}}}}
                  ingress: [{action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {role: thief}}}}]}]
                """);
        awaitConnects(false, thief.namespace(), thief.address(), shop.address(), PORT);
    }

    /** How often the agent began to read a version. */
    private long read(String version) {
        return lab.agent
                .log()
                .lines()
                .filter(line -> line.contains("ClusterNetworkPolicies are read")
                        && line.endsWith("version=policy.networking.k8s.io/" + version))
                .count();
    }

    private void serve(String version) {
        long before = read(version);
        lab.api.serveClusterNetworkPolicies(version);
        Await.until(version + " is read", () -> read(version) > before, lab.agent::log);
    }

    @Test
    void aDenialStaysInForceWhileVersionsComeAndGo() {
        deny();
        assertEquals(1, read("v1beta1"), lab.agent::log);
        try (Flood flood = Flood.start(thief.namespace(), shop.namespace(), shop.address(), false)) {
            serve("v1alpha2");
            flood.more(1000);
            serve("v1beta1");
            flood.more(1000);
            lab.api.serveClusterNetworkPolicies("v1");
            // at first it may be told that discovery was asked amid the change
            Await.until(
                    "it is told",
                    () -> lab.agent
                            .operator("status")
                            .out()
                            .contains("served is v1, understood are v1beta1 and v1alpha2"),
                    lab.agent::log);
            assertEquals(0, lab.agent.metric(UP));
            flood.more(1000);

            lab.agent.kill();
            lab.agent.start();
            Await.until("it is told again", () -> lab.agent.log().contains("served is v1"), lab.agent::log);
            assertEquals(503, lab.agent.code("readyz"));
            flood.more(1000);
            serve("v1beta1");
            lab.agent.awaitReady();
            flood.more(1000);
            assertEquals(0, flood.received());

            lab.api.delete(Kind.CLUSTER_NETWORK_POLICY, "", "no-thieves");
            Await.until("what is denied no more arrives", () -> flood.received() > 0);
        }
    }
}
