package io.towpath.lab.agent;

import static io.towpath.lab.agent.IpvsLab.NODE_PORT_FAR;
import static io.towpath.lab.agent.IpvsLab.NODE_PORT_HOST;
import static io.towpath.lab.agent.IpvsLab.NODE_PORT_NEAR;
import static io.towpath.lab.agent.IpvsLab.NO_ANSWER_MS;
import static io.towpath.lab.agent.IpvsLab.PORT;
import static io.towpath.lab.agent.IpvsLab.service;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Namespace;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.agent.IpvsLab.Question;
import io.towpath.lab.agent.IpvsLab.Questions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Policies where kube-proxy has IPVS carry Services: they see the endpoint, as they do where it rewrites packets itself. Of each question both
 * families and both protocols. {@code scripts/kernels} has kernels with IPVS.
 */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf("io.towpath.lab.agent.Ipvs#isThere")
class IpvsTest {
    private static final String TO_SERVERS = "[{to: [{podSelector: {matchLabels: {role: server}}}], ports: %s}]";
    private static final String ENDPOINT_PORTS = "[{port: 8080, protocol: TCP}, {port: 8080, protocol: UDP}]";
    private static final String SERVICE_PORTS = "[{port: 80, protocol: TCP}, {port: 80, protocol: UDP}]";
    private static final String BUT_PODS = "[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.244.0.0/16]}},"
            + " {ipBlock: {cidr: '::/0', except: ['fd00:10:244::/56']}}]}]";

    @AutoClose
    private final IpvsLab ipvs = new IpvsLab();

    private final PolicyLab lab = ipvs.lab;
    private final Pod client = ipvs.client;
    private final Pod other = ipvs.other;
    private final Pod near = ipvs.near;
    private final Pod far = ipvs.far;
    private final Pod guest = ipvs.guest;
    private final Namespace a = lab.a.namespace();
    private final Namespace outside = ipvs.outside;

    @AfterEach
    void forgetPolicies() {
        ipvs.forgetPolicy();
    }

    private Questions questions() {
        return ipvs.new Questions();
    }

    private void egress(String role, String rules) {
        ipvs.policy(role, "policyTypes: [Egress], egress: " + rules);
    }

    @Test
    void withoutPoliciesEverybodyReachesServices() {
        questions()
                .cluster(client, "near", "near")
                .cluster(client, "far", "far")
                .cluster(client, "a", "a")
                .cluster(guest, "near", "near")
                .cluster(guest, "far", "far")
                .cluster(near, "near", "near")
                .cluster(a, "near", "near")
                .cluster(a, "far", "far")
                .node(client, NODE_PORT_NEAR, "near")
                .node(client, NODE_PORT_FAR, "far")
                .node(client, NODE_PORT_HOST, "a")
                .node(a, NODE_PORT_NEAR, "near")
                .node(outside, NODE_PORT_NEAR, "near")
                .node(outside, NODE_PORT_FAR, "far")
                .outside(client, "outside")
                .await();
    }

    @Test
    void ingressIsAskedOfWhoeverAsksTheService() {
        ipvs.policy(
                "server",
                "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {role: client}}}], ports: "
                        + ENDPOINT_PORTS + "}]");
        questions()
                .cluster(other, "near", "")
                .cluster(other, "far", "")
                .node(other, NODE_PORT_NEAR, "")
                .node(outside, NODE_PORT_NEAR, "")
                .cluster(near, "near", "")
                .cluster(client, "near", "near")
                .cluster(client, "far", "far")
                .cluster(guest, "near", "near")
                .cluster(guest, "far", "far")
                .node(client, NODE_PORT_NEAR, "near")
                .cluster(a, "near", "near")
                .node(a, NODE_PORT_NEAR, "near")
                .await();
    }

    @Test
    void egressIsAskedOfTheEndpointAndItsPort() {
        egress("client", TO_SERVERS.formatted(ENDPOINT_PORTS));
        questions()
                .direct(client, other, "")
                .outside(client, "")
                .cluster(client, "a", "")
                .node(client, NODE_PORT_HOST, "")
                .cluster(client, "near", "near")
                .cluster(client, "far", "far")
                .cluster(guest, "near", "near")
                .cluster(guest, "far", "far")
                .node(client, NODE_PORT_NEAR, "near")
                .node(client, NODE_PORT_FAR, "far")
                .cluster(other, "near", "near")
                .await();
        egress("client", TO_SERVERS.formatted(SERVICE_PORTS));
        questions()
                .cluster(client, "near", "")
                .cluster(guest, "far", "")
                .node(client, NODE_PORT_NEAR, "")
                .await();
    }

    /** What IPVS did to such a policy before: it saw the Service's address, and let all of it pass. */
    @Test
    void noServiceLeadsAroundEgress() {
        egress("client", BUT_PODS);
        questions()
                .direct(client, near, "")
                .cluster(client, "near", "")
                .cluster(client, "far", "")
                .cluster(guest, "near", "")
                .cluster(guest, "far", "")
                .node(client, NODE_PORT_NEAR, "")
                .node(client, NODE_PORT_FAR, "")
                .outside(client, "outside")
                .cluster(client, "a", "a")
                .node(client, NODE_PORT_HOST, "a")
                .await();
    }

    @Test
    void nothingIsSentByOneWhoMaySendNothing() {
        egress("client", "[]");
        questions()
                .direct(client, near, "")
                .cluster(client, "near", "")
                .cluster(client, "far", "")
                .cluster(client, "a", "")
                .node(client, NODE_PORT_NEAR, "")
                .node(client, NODE_PORT_HOST, "")
                .await();
    }

    /** A pod that reaches itself by a Service meets its own policies at both ends. */
    @Test
    void aPodMeetsItsOwnPoliciesBehindItsService() {
        egress("server", TO_SERVERS.formatted(ENDPOINT_PORTS));
        questions()
                .direct(near, other, "")
                .cluster(near, "near", "near")
                .cluster(near, "far", "far")
                .await();
        egress("server", "[]");
        questions().cluster(near, "near", "").cluster(near, "far", "").await();
    }

    /** Both sides send: neither brings back to life what the other may not have begun. */
    @ParameterizedTest
    @CsvSource({"tcp, 0", "tcp, 1", "udp, 0", "udp, 1"})
    void whatIsOpenByAServiceIsCut(String protocol, int family) {
        for (Pod server : List.of(near, far)) {
            try (Open open = Open.bothWays(
                    protocol, client.namespace(), server.namespace(), ipvs.opening(server, protocol, family))) {
                open.assertGoesOn();
                if (server == near) {
                    egress("client", "[]");
                } else {
                    ipvs.policy("server", "policyTypes: [Ingress]");
                }
                open.assertIsCut();
                forgetPolicies();
            }
        }
    }

    /** Answers of Services are dropped then, as beginnings that nobody made. */
    @Test
    void checkNamesServicesThatConntrackDoesNotSee() {
        Question question = new Question("client", client.namespace(), "tcp", service("near", 0), PORT, "near");
        question.await();
        JsonNode well = checkOfKubeProxy();
        assertEquals("ok", well.path("verdict").asText(), well::toString);
        assertTrue(well.path("found").asText().contains("in mode ipvs"), well::toString);
        ipvs.onA.conntrack(false);
        try {
            JsonNode broken = checkOfKubeProxy();
            assertEquals("fail", broken.path("verdict").asText(), broken::toString);
            assertTrue(broken.path("found").asText().contains("net.ipv4.vs.conntrack is off"), broken::toString);
            assertTrue(broken.path("mend").asText().contains("net.ipv4.vs.conntrack=1"), broken::toString);
            assertEquals("", Greeter.ask(client.namespace(), "tcp", service("near", 0), PORT, NO_ANSWER_MS));
        } finally {
            ipvs.onA.conntrack(true);
        }
        question.await();
    }

    private JsonNode checkOfKubeProxy() {
        for (JsonNode finding :
                Json.read(lab.agent.operator("check", "--output", "json").out())) {
            if (finding.path("check").asText().equals("kube-proxy")) {
                return finding;
            }
        }
        throw new AssertionError("check says nothing of kube-proxy");
    }

    /** The operator is told of the endpoint, and of the pod, though the packet came from no pod's link there. */
    @Test
    void whatIsDeniedIsToldAndCountedForThePod() {
        egress("client", "[]");
        questions().direct(client, near, "").await();
        String metric =
                "towpath_policy_pod_denied_packets_total{direction=\"egress\",dry_run=\"false\",pod=\"lab/client\"}";
        for (int family = 0; family < 2; family++) {
            String to = "lab/far (" + far.addresses().get(family) + ")";
            long known = denials(to).count();
            assertEquals("", Greeter.ask(client.namespace(), "udp", service("far", family), PORT, NO_ANSWER_MS));
            Await.until("told", () -> denials(to).count() > known, () -> String.join("\n", log()));
            JsonNode denial = denials(to).toList().getLast();
            assertEquals("egress", denial.path("direction").asText());
            assertEquals(
                    "lab/client (" + client.addresses().get(family) + ")",
                    denial.path("from").asText());
            assertEquals(Json.read("[\"NetworkPolicy lab/tried\"]"), denial.path("policies"), denial::toString);
        }
        Await.until("counted", () -> {
            // Any news is an occasion to count.
            lab.tell(other, "other", "other-" + System.nanoTime(), other.addresses());
            return lab.agent.page("metrics").contains(metric) && lab.agent.metric(metric) >= log().size();
        });
    }

    /** Those to one alone: others are told later than they were. */
    private Stream<JsonNode> denials(String to) {
        return log().stream()
                .map(Json::read)
                .filter(each -> each.path("to").asText().equals(to));
    }

    private List<String> log() {
        return lab.agent
                .operator("policy", "log", "--pod", "lab/client", "--output", "json")
                .succeeded()
                .out()
                .lines()
                .toList();
    }
}
