package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * Policies where kube-proxy has IPVS carry Services: they see the endpoint, as they do where it rewrites packets itself. Of each question both
 * families and both protocols. {@code scripts/kernels} has kernels with IPVS.
 */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf("io.towpath.lab.agent.Ipvs#isThere")
class IpvsTest {
    private static final int PORT = 80;
    private static final int ENDPOINT_PORT = 8080;
    private static final int NODE_PORT_NEAR = 30_001;
    private static final int NODE_PORT_FAR = 30_002;
    private static final int NODE_PORT_HOST = 30_003;
    private static final int HOST_PORT = 9000;
    private static final int NO_ANSWER_MS = 700;
    private static final int ANSWER_MS = 5_000;
    private static final List<String> PROTOCOLS = List.of("tcp", "udp");

    private static final String TO_SERVERS = "[{to: [{podSelector: {matchLabels: {role: server}}}], ports: %s}]";
    private static final String ENDPOINT_PORTS = "[{port: 8080, protocol: TCP}, {port: 8080, protocol: UDP}]";
    private static final String SERVICE_PORTS = "[{port: 80, protocol: TCP}, {port: 80, protocol: UDP}]";
    private static final String BUT_PODS = "[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.244.0.0/16]}},"
            + " {ipBlock: {cidr: '::/0', except: ['fd00:10:244::/56']}}]}]";

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Pod client = lab.pod(lab.a, "client");
    private final Pod other = lab.pod(lab.a, "other");
    private final Pod near = lab.pod(lab.a, "near", "server");
    private final Pod far = lab.pod(lab.b, "far", "server");
    private final Pod guest = lab.pod(lab.b, "guest", "client");
    private final Namespace a = lab.a.namespace();
    private final Namespace outside = lab.lab.lab.underlay();
    private final Ipvs onA = new Ipvs(lab.a);

    IpvsTest() {
        greet(near.namespace(), "near", near.addresses(), ENDPOINT_PORT);
        greet(far.namespace(), "far", far.addresses(), ENDPOINT_PORT);
        greet(other.namespace(), "other", other.addresses(), ENDPOINT_PORT);
        greet(outside, "outside", List.of(Lab.OUTSIDE, Lab.OUTSIDE_V6), ENDPOINT_PORT);
        greet(a, "a", lab.a.addresses(), HOST_PORT);
        Ipvs onB = new Ipvs(lab.b);
        for (int family = 0; family < 2; family++) {
            for (Ipvs node : List.of(onA, onB)) {
                node.service(
                        service("near", family),
                        PORT,
                        NODE_PORT_NEAR,
                        near.addresses().get(family),
                        ENDPOINT_PORT);
                node.service(
                        service("far", family),
                        PORT,
                        NODE_PORT_FAR,
                        far.addresses().get(family),
                        ENDPOINT_PORT);
                node.service(
                        service("a", family),
                        PORT,
                        NODE_PORT_HOST,
                        lab.a.addresses().get(family),
                        HOST_PORT);
            }
        }
    }

    private void greet(Namespace at, String name, List<String> addresses, int port) {
        lab.lab.lab.with(Greeter.open(at, name, addresses, port));
    }

    private boolean hasPolicy;

    @AfterEach
    void forgetPolicies() {
        if (hasPolicy) {
            lab.api.delete(Kind.NETWORK_POLICY, "lab", "tried");
        }
    }

    private static String service(String endpoint, int family) {
        String last = String.valueOf(List.of("near", "far", "a").indexOf(endpoint) + 1);
        return (family == 0 ? "10.96.0." : "fd00:10:96::") + last;
    }

    /** A question, and who is to answer it; nobody if that is empty. */
    private record Question(String what, Namespace from, String protocol, String address, int port, String answer) {
        /** The same until it is so, as policies come into force in their time. */
        void await() {
            int patience = answer.isEmpty() ? NO_ANSWER_MS : ANSWER_MS;
            Await.until(
                    what + " by " + protocol + " to " + address + " " + port + " is answered by '" + answer + "'",
                    () -> Greeter.ask(from, protocol, address, port, patience).equals(answer));
        }
    }

    /** Questions of both families and protocols. */
    private final class Questions {
        private final List<Question> all = new ArrayList<>();

        private void add(String what, Namespace from, List<String> addresses, int port, String answer) {
            for (String protocol : PROTOCOLS) {
                for (String address : addresses) {
                    all.add(new Question(what, from, protocol, address, port, answer));
                }
            }
        }

        /** By its cluster address. */
        Questions cluster(Object from, String service, String answer) {
            add(from + " to Service " + service, namespace(from), services(service), PORT, answer);
            return this;
        }

        /** By a port of node a. */
        Questions node(Object from, int port, String answer) {
            add(from + " to node port", namespace(from), lab.a.addresses(), port, answer);
            return this;
        }

        /** By the pod's own address. */
        Questions direct(Object from, Pod to, String answer) {
            add(from + " to " + to, namespace(from), to.addresses(), ENDPOINT_PORT, answer);
            return this;
        }

        Questions outside(Object from, String answer) {
            add(from + " to the outside", namespace(from), List.of(Lab.OUTSIDE, Lab.OUTSIDE_V6), ENDPOINT_PORT, answer);
            return this;
        }

        void await() {
            all.forEach(Question::await);
        }
    }

    private static List<String> services(String endpoint) {
        return List.of(service(endpoint, 0), service(endpoint, 1));
    }

    private static Namespace namespace(Object place) {
        return place instanceof Pod pod ? pod.namespace() : (Namespace) place;
    }

    private void policy(String role, String rules) {
        hasPolicy = true;
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: tried, namespace: lab}
                spec: {podSelector: {matchLabels: {role: %s}}, %s}
                """.formatted(role, rules));
    }

    private void egress(String role, String rules) {
        policy(role, "policyTypes: [Egress], egress: " + rules);
    }

    @Test
    void withoutPoliciesEverybodyReachesServices() {
        new Questions()
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
        policy(
                "server",
                "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {role: client}}}], ports: "
                        + ENDPOINT_PORTS + "}]");
        new Questions()
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
        new Questions()
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
        new Questions()
                .cluster(client, "near", "")
                .cluster(guest, "far", "")
                .node(client, NODE_PORT_NEAR, "")
                .await();
    }

    /** What IPVS did to such a policy before: it saw the Service's address, and let all of it pass. */
    @Test
    void noServiceLeadsAroundEgress() {
        egress("client", BUT_PODS);
        new Questions()
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
        new Questions()
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
        new Questions()
                .direct(near, other, "")
                .cluster(near, "near", "near")
                .cluster(near, "far", "far")
                .await();
        egress("server", "[]");
        new Questions().cluster(near, "near", "").cluster(near, "far", "").await();
    }

    /** The operator is told of the endpoint, and of the pod, though the packet came from no pod's link there. */
    @Test
    void whatIsDeniedIsToldAndCountedForThePod() {
        egress("client", "[]");
        new Questions().direct(client, near, "").await();
        String metric =
                "towpath_policy_pod_denied_packets_total{direction=\"egress\",dry_run=\"false\",pod=\"lab/client\"}";
        for (int family = 0; family < 2; family++) {
            int known = log().size();
            assertEquals("", Greeter.ask(client.namespace(), "udp", service("far", family), PORT, NO_ANSWER_MS));
            Await.until("told", () -> log().size() > known);
            JsonNode denial = Json.read(log().getLast());
            assertEquals("egress", denial.path("direction").asText());
            assertEquals(
                    "lab/client (" + client.addresses().get(family) + ")",
                    denial.path("from").asText());
            assertEquals(
                    "lab/far (" + far.addresses().get(family) + ")",
                    denial.path("to").asText());
            assertEquals(Json.read("[\"NetworkPolicy lab/tried\"]"), denial.path("policies"), denial::toString);
        }
        Await.until("counted", () -> {
            // Any news is an occasion to count.
            lab.tell(other, "other", "other-" + System.nanoTime(), other.addresses());
            return lab.agent.page("metrics").contains(metric) && lab.agent.metric(metric) >= log().size();
        });
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
