package io.towpath.lab.agent;

import static io.towpath.lab.agent.Figures.row;

import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Measures pods with thousands of host ports on a node where another has thousands already, alone and while somebody else changes a table of
 * his own all the time. No agent runs. Prints what {@link AgentBench} does, and takes {@code --quick} as well.
 */
public final class HostPortBench implements AutoCloseable {
    private static final int PORTS = 5000;
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
        Pod first = pod("first", 1).add();
        measure("");
        Process writer = node.namespace().background(Command.of("bash", "-c", OTHERS_CHANGES));
        measure(", others write");
        if (!writer.isAlive()) {
            throw new IllegalStateException("nobody wrote meanwhile");
        }
        writer.destroy();
        first.del();
    }

    private void measure(String amid) {
        List<Double> adds = new ArrayList<>();
        List<Double> dels = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            Pod second = pod("second-" + i, 1 + PORTS);
            adds.add(millis(second::add));
            dels.add(millis(second::del));
            second.close();
        }
        row("ADD, " + PORTS + " ports beside " + PORTS + amid, adds, AT_MOST_MILLIS);
        row("DEL, " + PORTS + " ports beside " + PORTS + amid, dels, AT_MOST_MILLIS);
    }

    private Pod pod(String name, int firstPort) {
        StringBuilder mappings = new StringBuilder("[");
        for (int port = firstPort; port < firstPort + PORTS; port++) {
            mappings.append(port == firstPort ? "" : ",")
                    .append("{'hostPort':")
                    .append(port)
                    .append(",'containerPort':80,'protocol':'tcp'}");
        }
        Pod pod = node.pod(name);
        return pod.conf(pod.conf()
                .runtimeConfig(Map.of("portMappings", mappings.append(']').toString())));
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
