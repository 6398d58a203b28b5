package io.towpath.lab.agent;

import static io.towpath.lab.agent.Figures.row;

import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Measures pods with thousands of host ports on a node where another has thousands already, alone and while somebody else changes a table of
 * his own all the time. No agent runs. The reference plugin portmap has fewer, as it runs a program for each rule; its figures are the ports'
 * alone, and Towpath's the whole pod's. Prints what {@link AgentBench} does, and takes {@code --quick} as well.
 */
public final class HostPortBench implements AutoCloseable {
    private static final int MANY = 5000;
    private static final int FEW = 100;
    private static final double AT_MOST_MILLIS = 1000;
    private static final String OTHERS_CHANGES =
            "while nft add table inet stranger && nft delete table inet stranger; do sleep 0.1; done";

    private final int rounds;
    private final Lab lab = Lab.ofOneNode();
    private final Node node = lab.node();

    private HostPortBench(boolean quick) {
        rounds = quick ? 3 : 20;
    }

    /** Runs all of it. */
    public static void main(String[] arguments) {
        try (HostPortBench bench = new HostPortBench(List.of(arguments).contains("--quick"))) {
            bench.run();
        }
    }

    private void run() {
        Pod first = pod("first", 1, MANY).add();
        measure(MANY, "", AT_MOST_MILLIS, this::pod);
        Process writer = node.namespace().background(Command.of("bash", "-c", OTHERS_CHANGES));
        measure(MANY, ", others write", AT_MOST_MILLIS, this::pod);
        if (!writer.isAlive()) {
            throw new IllegalStateException("nobody wrote meanwhile");
        }
        writer.destroy();
        first.del();
        beside(this::pod, "");
        beside(this::ofPortmap, ", portmap");
    }

    /** Makes pods of which each has so many ports from a first one on. */
    private interface Pods {
        Pod pod(String name, int firstPort, int count);
    }

    private void beside(Pods pods, String whose) {
        Pod first = pods.pod("few", 1, FEW).add();
        measure(FEW, whose, 0, pods);
        first.del();
        first.close();
    }

    private void measure(int count, String how, double atMost, Pods pods) {
        List<Double> adds = new ArrayList<>();
        List<Double> dels = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            Pod second = pods.pod("second-" + i, 1 + count, count);
            adds.add(millis(second::add));
            dels.add(millis(second::del));
            second.close();
        }
        row("ADD, " + count + " ports beside " + count + how, adds, atMost);
        row("DEL, " + count + " ports beside " + count + how, dels, atMost);
    }

    private Pod pod(String name, int firstPort, int count) {
        Pod pod = node.pod(name);
        return pod.conf(pod.conf().runtimeConfig(Map.of("portMappings", mappings(firstPort, count))));
    }

    /** A pod for which portmap is called alone, after a plugin that gave it an address. */
    private Pod ofPortmap(String name, int firstPort, int count) {
        String address = "10.1.2." + (firstPort == 1 ? 200 : 201) + "/24";
        Pod pod = node.pod(name).plugin(Plugin.reference("portmap"));
        String conf = """
                {"cniVersion": "1.0.0", "name": "bench", "type": "portmap", "capabilities": {"portMappings": true},
                 "prevResult": {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": "%s"}],
                                "ips": [{"address": "%s", "interface": 0}]}}
                """.formatted(pod.namespace().path(), address);
        return pod.conf(NetConf.of(conf).runtimeConfig(Map.of("portMappings", mappings(firstPort, count))));
    }

    private static String mappings(int firstPort, int count) {
        StringBuilder mappings = new StringBuilder("[");
        for (int port = firstPort; port < firstPort + count; port++) {
            mappings.append(port == firstPort ? "" : ",")
                    .append("{'hostPort':")
                    .append(port)
                    .append(",'containerPort':80,'protocol':'tcp'}");
        }
        return mappings.append(']').toString();
    }

    private static double millis(Runnable action) {
        long start = System.nanoTime();
        action.run();
        return (System.nanoTime() - start) / 1e6;
    }

    @Override
    public void close() {
        lab.close();
    }
}
