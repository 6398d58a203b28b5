package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import java.util.List;

/** Nodes that know of each other through an API server alone: without a cluster file. */
final class AgentLab implements AutoCloseable {
    /** The option by which policies are enforced. */
    static final String POLICY = "--policy";

    final Lab lab;
    final ApiServer api;

    /** Nodes without agents, not yet in the cluster. */
    AgentLab(boolean ipv4, boolean ipv6, String... names) {
        lab = new Lab(Plugin.towpath()).families(ipv4, ipv6).withNodes(names).withGateway();
        for (String name : names) {
            assertTrue(node(name).clusterFile().toFile().delete());
        }
        api = lab.api();
    }

    AgentLab(String... names) {
        this(true, false, names);
    }

    Node node(String name) {
        return lab.node(name);
    }

    /** Adds nodes to the cluster, without agents. */
    AgentLab register(String... names) {
        for (String name : names) {
            api.addNode(name, node(name).slices(), node(name).address());
        }
        return this;
    }

    /** Adds a node to the cluster and starts its agent. */
    Agent join(String name, String... options) {
        register(name);
        return start(name, options);
    }

    /** Starts an agent on a node that is in the cluster; returns when it is ready. */
    Agent start(String name, String... options) {
        Agent agent = node(name).agent(api).with(options);
        // The pods of most tests are in no API, and nothing would pass to or from such a pod.
        boolean isAboutPolicies = List.of(options).contains(POLICY);
        return (isAboutPolicies ? agent : agent.with(POLICY + "=false")).start().awaitReady();
    }

    /** A pod with its attachment. */
    Pod pod(String node, String pod) {
        return node(node).pod(pod).add();
    }

    /** Whether {@code on} has the way to the other node's pods, by all of its slices, and nothing is missing of it. */
    static boolean hasPeer(Node on, Node other) {
        for (int i = 0; i < other.slices().size(); i++) {
            if (!hasPeer(
                    on.namespace(), other.slices().get(i), other.addresses().get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Whether there are the route to the slice, its gateway's neighbour, and the forwarding entry to the address. */
    static boolean hasPeer(Namespace on, String slice, String address) {
        String gateway = slice.replaceFirst("/.*", "");
        String family = slice.contains(":") ? "-6" : "-4";
        boolean route = on.show(family, "route", "show", slice).toString().contains("\"dev\":\"flannel");
        String mac = on.show(family, "neigh", "show", "to", gateway, "nud", "permanent")
                .path(0)
                .path("lladdr")
                .asText();
        return route && !mac.isEmpty() && hasForwardingEntry(on, mac, address);
    }

    private static boolean hasForwardingEntry(Namespace on, String mac, String address) {
        for (JsonNode entry : on.forwardingEntries()) {
            if (entry.path("mac").asText().equals(mac)
                    && entry.path("dst").asText().equals(address)) {
                return true;
            }
        }
        return false;
    }

    /** Waits for it; returns the milliseconds. */
    static double awaitPeer(Node on, Node other) {
        return Await.time(on + " has the way to " + other, () -> hasPeer(on, other));
    }

    /** Waits until nothing of a slice and an address is left; returns the milliseconds. */
    static double awaitGone(Node on, String slice, String address) {
        String gateway = slice.replaceFirst("/.*", "");
        return Await.time(slice + " is gone from " + on, () -> {
            Namespace at = on.namespace();
            return !at.run("ip", "route").contains(slice)
                    && !at.run("ip", "neigh", "show", "nud", "permanent").contains(gateway + " ")
                    && !at.forwardingEntries().toString().contains("\"" + address + "\"");
        });
    }

    /** Everybody to everybody. */
    static void assertPing(List<Pod> pods) {
        for (Pod from : pods) {
            for (Pod to : pods) {
                to.addresses().forEach(from::ping);
            }
        }
    }

    static void assertNoPing(Pod from, String address) {
        assertFalse(
                io.towpath.lab.Network.tryPing(from.namespace(), address, "-W", "1")
                                .exit()
                        == 0,
                from + " to " + address);
    }

    static void report(String what, double millis) {
        System.out.printf("lab: %-60s %8.1f ms%n", what, millis);
    }

    @Override
    public void close() {
        lab.close();
    }
}
