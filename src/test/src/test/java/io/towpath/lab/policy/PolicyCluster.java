package io.towpath.lab.policy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Answer;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Two nodes with their agents, and the pods of a {@link World}, each with its servers. */
final class PolicyCluster implements AutoCloseable {
    final Lab lab;
    final World world;
    final Prober prober;
    final List<Agent> agents = new ArrayList<>();
    private final ApiServer api;
    private final Map<String, Pod> pods = new HashMap<>();
    private int attempts;

    PolicyCluster(boolean ipv4, boolean ipv6) {
        lab = new Lab(Plugin.towpath()).families(ipv4, ipv6).withNodes("a", "b").withGateway();
        try {
            prober = lab.with(new Prober());
            api = lab.api();
            world = new World(new ToApi(), new ToNodes());
            List<String> outside = new ArrayList<>();
            if (ipv4) {
                outside.add(Lab.OUTSIDE);
            }
            if (ipv6) {
                outside.add(Lab.OUTSIDE_V6);
            }
            open();
            world.outside(outside);
            prober.open(World.OUTSIDE, lab.underlay(), outside);
            world.fill();
        } catch (Throwable e) {
            lab.close();
            throw e;
        }
    }

    private void open() {
        api.serveClusterNetworkPolicies(true);
        for (String name : List.of("a", "b")) {
            Node node = lab.node(name);
            assertTrue(node.clusterFile().toFile().delete());
            // What was asked once is asked from another port the next time: nothing has to be remembered for long.
            node.namespace().sysctl("net/netfilter/nf_conntrack_udp_timeout", "2");
            api.addNode(name, node.slices(), node.address());
        }
        for (String name : List.of("a", "b")) {
            agents.add(lab.node(name).agent(api).start());
        }
        agents.forEach(Agent::awaitReady);
        for (String name : List.of("a", "b")) {
            Node node = lab.node(name);
            List<String> overlay = node.slices().stream()
                    .map(slice -> slice.replaceFirst("/.*", ""))
                    .toList();
            List<String> addresses = new ArrayList<>(node.addresses());
            addresses.addAll(overlay);
            world.node(api.node(name), addresses, overlay);
            prober.open(World.nodePlace(name), node.namespace(), addresses);
        }
    }

    private final class ToApi implements World.Api {
        @Override
        public void put(ObjectNode object) {
            api.put(object);
        }

        @Override
        public void delete(ObjectNode object) {
            Kind kind = switch (object.path("kind").asText()) {
                case "Pod" -> Kind.POD;
                case "Namespace" -> Kind.NAMESPACE;
                case "NetworkPolicy" -> Kind.NETWORK_POLICY;
                default -> Kind.CLUSTER_NETWORK_POLICY;
            };
            api.delete(kind, World.namespace(object), World.name(object));
        }
    }

    private final class ToNodes implements World.Nodes {
        @Override
        public List<String> attach(String name, String node) {
            Pod pod = lab.node(node).pod(name.replace('/', '-'), attempts++).conf(conf(lab.node(node)));
            Answer answer =
                    pod.call("ADD").with("CNI_ARGS", args(name, pod)).run().succeeded();
            pods.put(name, pod);
            prober.open(name, pod.namespace(), answer.addresses());
            return answer.addresses();
        }

        @Override
        public void detach(String name) {
            prober.close(name);
            Pod pod = pods.remove(name);
            if (pod != null) {
                pod.call("DEL").with("CNI_ARGS", args(name, pod)).run().succeededSilently();
                pod.close();
            }
        }
    }

    /** With which a pod has no network before its policies are in force. */
    private static NetConf conf(Node node) {
        ObjectNode policy = Json.object("{'type':'k8s'}")
                .put("socket", node.folder().resolve("agent.sock").toString());
        return node.conf().with("policy", policy);
    }

    private static String args(String name, Pod pod) {
        String[] parts = name.split("/", -1);
        return "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + parts[0] + ";K8S_POD_NAME=" + parts[1]
                + ";K8S_POD_INFRA_CONTAINER_ID=" + pod.containerId();
    }

    @Override
    public void close() {
        lab.close();
    }
}
