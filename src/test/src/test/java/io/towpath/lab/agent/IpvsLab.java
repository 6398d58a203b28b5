package io.towpath.lab.agent;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Parallel;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Two nodes with policies, whose Services IPVS carries: near, far and a, named for who answers them. Pods: client, other and near on node a,
 * far and guest on b; near and far are servers, guest is a client.
 */
final class IpvsLab implements AutoCloseable {
    /** Of all Services. */
    static final int PORT = 80;

    static final int NODE_PORT_NEAR = 30_001;
    static final int NODE_PORT_FAR = 30_002;
    static final int NODE_PORT_HOST = 30_003;
    static final int NO_ANSWER_MS = 700;

    private static final int NODE_PORT_OPEN = 31_000;
    private static final int ENDPOINT_PORT = 8080;
    private static final int HOST_PORT = 9000;
    private static final int ANSWER_MS = 5_000;
    private static final List<String> PROTOCOLS = List.of("tcp", "udp");

    final PolicyLab lab = new PolicyLab(true, true);
    final Pod client = lab.pod(lab.a, "client");
    final Pod other = lab.pod(lab.a, "other");
    final Pod near = lab.pod(lab.a, "near", "server");
    final Pod far = lab.pod(lab.b, "far", "server");
    final Pod guest = lab.pod(lab.b, "guest", "client");
    final Namespace outside = lab.lab.lab.underlay();
    final Ipvs onA = new Ipvs(lab.a);

    private boolean hasPolicy;
    private int opened;

    IpvsLab() {
        greet(near.namespace(), "near", near.addresses(), ENDPOINT_PORT);
        greet(far.namespace(), "far", far.addresses(), ENDPOINT_PORT);
        greet(other.namespace(), "other", other.addresses(), ENDPOINT_PORT);
        greet(outside, "outside", List.of(Lab.OUTSIDE, Lab.OUTSIDE_V6), ENDPOINT_PORT);
        greet(lab.a.namespace(), "a", lab.a.addresses(), HOST_PORT);
        for (Ipvs node : List.of(onA, new Ipvs(lab.b))) {
            for (int family = 0; family < 2; family++) {
                String nearAddress = near.addresses().get(family);
                String farAddress = far.addresses().get(family);
                String nodeAddress = lab.a.addresses().get(family);
                node.service(service("near", family), PORT, NODE_PORT_NEAR, nearAddress, ENDPOINT_PORT);
                node.service(service("far", family), PORT, NODE_PORT_FAR, farAddress, ENDPOINT_PORT);
                node.service(service("a", family), PORT, NODE_PORT_HOST, nodeAddress, HOST_PORT);
            }
        }
    }

    private void greet(Namespace at, String name, List<String> addresses, int port) {
        lab.lab.lab.with(Greeter.open(at, name, addresses, port));
    }

    /** The cluster address of the Service that this one answers, of IPv4 (0) or IPv6 (1). */
    static String service(String endpoint, int family) {
        String last = String.valueOf(List.of("near", "far", "a").indexOf(endpoint) + 1);
        return (family == 0 ? "10.96.0." : "fd00:10:96::") + last;
    }

    /** The cluster address, on node a, of a new Service for what is {@link Open}, while no policy is in force. */
    String opening(Pod server, String protocol, int family) {
        Await.until("no policy is in force", () -> hasNoPolicy(lab.agent) && hasNoPolicy(lab.agentOfB));
        int port = Open.port(protocol);
        opened++;
        String address = (family == 0 ? "10.96.1." : "fd00:10:96:1::") + opened;
        onA.service(address, port, NODE_PORT_OPEN + opened, server.addresses().get(family), port);
        return address;
    }

    private static boolean hasNoPolicy(Agent agent) {
        return agent.metric("towpath_policy_policies{kind=\"NetworkPolicy\"}") == 0;
    }

    /** The one policy that there is from now on, of pods with this role. */
    void policy(String role, String rules) {
        hasPolicy = true;
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: tried, namespace: lab}
                spec: {podSelector: {matchLabels: {role: %s}}, %s}
                """.formatted(role, rules));
    }

    /** From now on there is none. */
    void forgetPolicy() {
        if (hasPolicy) {
            lab.api.delete(Kind.NETWORK_POLICY, "lab", "tried");
            hasPolicy = false;
        }
    }

    /** A question, and who is to answer it; nobody if that is empty. */
    record Question(String what, Namespace from, String protocol, String address, int port, String answer) {
        /** Asks until it is so, as policies come into force in their time. */
        void await() {
            int patience = answer.isEmpty() ? NO_ANSWER_MS : ANSWER_MS;
            Await.until(
                    what + " by " + protocol + " to " + address + " " + port + " is answered by '" + answer + "'",
                    () -> Greeter.ask(from, protocol, address, port, patience).equals(answer));
        }
    }

    /** Questions of both families and protocols, all asked at once, as silence takes its time. */
    final class Questions {
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
            List<String> addresses = List.of(service(service, 0), service(service, 1));
            add(from + " to Service " + service, namespace(from), addresses, PORT, answer);
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
            Parallel.run(all.size(), all, Question::await);
        }

        private static Namespace namespace(Object place) {
            return place instanceof Pod pod ? pod.namespace() : (Namespace) place;
        }
    }

    @Override
    public void close() {
        lab.close();
    }
}
