package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Namespace;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.ClusterObjects;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Two nodes, a and b, whose agents enforce policies, and pods of the namespace lab that the API knows, each known by its label role. */
final class PolicyLab implements AutoCloseable {
    /** Only friends reach the shop. */
    static final String FRIENDS = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: friends, namespace: lab}
            spec:
              podSelector: {matchLabels: {role: shop}}
              ingress:
                - from:
                    - podSelector: {matchLabels: {role: friend}}
            """;

    private static final int WAIT_SECONDS = 2 * Await.SLOWNESS;

    /** Less than the second after which a first packet without an answer is sent again. */
    private static final int CONNECT_MS = 400 * Await.SLOWNESS;

    private static final int NO_CONNECT_MS = 900 * Await.SLOWNESS;
    private static final int PATIENT_MS = 10_000 * Await.SLOWNESS;

    final AgentLab lab;
    final ApiServer api;
    final Node a;
    final Node b;
    final Agent agent;
    final Agent agentOfB;

    /** @param options of both agents */
    PolicyLab(boolean ipv4, boolean ipv6, String... options) {
        lab = new AgentLab(ipv4, ipv6, "a", "b");
        api = lab.api;
        a = lab.node("a");
        b = lab.node("b");
        api.put(ClusterObjects.namespace("lab", Map.of()));
        api.serveClusterNetworkPolicies(true);
        agent = lab.join("a", enforcing(options));
        agentOfB = lab.join("b", enforcing(options));
        AgentLab.awaitPeer(a, b);
        AgentLab.awaitPeer(b, a);
    }

    private static String[] enforcing(String... options) {
        return Stream.concat(Stream.of(AgentLab.POLICY), Stream.of(options)).toArray(String[]::new);
    }

    /** With which a pod has no network before its policies are in force. */
    static NetConf conf(Node node) {
        return conf(node, WAIT_SECONDS);
    }

    /** As {@link #conf(Node)}, with another patience. */
    static NetConf conf(Node node, int waitSeconds) {
        ObjectNode policy = Json.object("{'type':'k8s'}")
                .put("socket", node.folder().resolve("agent.sock").toString())
                .put("waitSeconds", waitSeconds);
        return node.conf().with("policy", policy);
    }

    /** A pod that the API knows, without its network yet. */
    Pod scheduled(Node node, String name, String role) {
        Pod pod = node.pod(name).conf(conf(node));
        tell(pod, name, role, List.of());
        return pod;
    }

    /** Tells the API of a pod. */
    void tell(Pod pod, String name, String role, List<String> addresses) {
        ObjectNode object =
                ClusterObjects.pod("lab", name, Map.of("role", role), pod.node().name(), addresses);
        object.withObjectProperty("metadata").put("uid", "uid-" + name);
        api.put(object);
    }

    /** A pod with its network; its name is its role. */
    Pod pod(Node node, String name) {
        return pod(node, name, name);
    }

    Pod pod(Node node, String name, String role) {
        return pod(node, name, role, Map.of());
    }

    /** A pod with host ports, or limits. */
    Pod pod(Node node, String name, String role, Map<String, String> runtimeConfig) {
        Pod pod = scheduled(node, name, role);
        pod.conf(pod.conf().runtimeConfig(runtimeConfig)).add();
        tell(pod, name, role, pod.addresses());
        return pod;
    }

    /** A host on the switch, that is neither node nor pod, and knows the way to nobody else. */
    Namespace host(String name, List<String> addresses) {
        Namespace host = lab.lab.namespace(name);
        lab.lab
                .underlay()
                .ip(
                        "link add name " + name + " type veth peer name eth0 netns " + host.path(),
                        "link set dev " + name + " master br0 up");
        for (String address : addresses) {
            host.ip("address add dev eth0 " + address + (address.contains(":") ? "/64 nodad" : "/24"));
        }
        host.ip("link set eth0 up");
        return host;
    }

    /** Whether a connection can be made, from an address of one's choice; on a machine that is busy it may seem that none can. */
    static boolean connects(Namespace from, String source, String address, int port) {
        return connects(from, source, address, port, CONNECT_MS);
    }

    private static boolean connects(Namespace from, String source, String address, int port, int milliseconds) {
        return from.call(() -> {
            try (Socket socket = new Socket()) {
                socket.bind(new InetSocketAddress(source, 0));
                socket.connect(new InetSocketAddress(address, port), milliseconds);
                return true;
            } catch (IOException _) {
                return false;
            }
        });
    }

    /** A connection can be made, however busy the machine is. */
    static void assertConnects(Namespace from, String source, String address, int port) {
        assertTrue(
                connects(from, source, address, port, PATIENT_MS), () -> source + " reaches " + address + " " + port);
    }

    /** Waits until a connection can be made, or until none can. */
    static void awaitConnects(boolean expected, Namespace from, String source, String address, int port) {
        Await.until(
                source + (expected ? " reaches " : " does not reach ") + address + " " + port,
                () -> connects(from, source, address, port, expected ? CONNECT_MS : NO_CONNECT_MS) == expected);
    }

    @Override
    public void close() {
        lab.close();
    }
}
