package io.towpath.lab.agent;

import static io.towpath.lab.agent.Figures.row;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.ClusterObjects;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures what it costs the agent that another process writes to a table of its own 600 times a second, while a policy that lets 2,001 pods in
 * changes by one every 0.2 s; in turns with the same changes alone. Prints what {@link AgentBench} does, and takes {@code --quick} as well.
 */
public final class BusyNeighbourBench implements AutoCloseable {
    private static final int WRITES_PER_SECOND = 600;
    private static final long ROUND_NANOS = 200_000_000L;
    private static final double WANTED_RATIO = 1.5;
    private static final String LAB = "lab";
    private static final String POLICY = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: peers, namespace: lab}
            spec:
              podSelector: {matchLabels: {role: server}}
              policyTypes: [Ingress]
              ingress: [{from: [{podSelector: {matchLabels: {peer: "yes"}}}]}]
            """;

    private final int peers;
    private final int rounds;
    private final int turns;
    private final Lab lab = new Lab(Plugin.towpath()).withNodes("a").withGateway();
    private final Node node = lab.node();
    private final ApiServer api = lab.api();
    private final Agent agent;

    private BusyNeighbourBench(boolean quick) throws IOException {
        peers = quick ? 201 : 2_001;
        rounds = quick ? 10 : 50;
        turns = quick ? 1 : 5;
        Files.delete(node.clusterFile());
        api.addNode("a", node.slices(), node.address());
        agent = node.agent(api).with(AgentLab.POLICY);
    }

    /** Runs all of it. */
    public static void main(String[] arguments) throws IOException {
        try (BusyNeighbourBench bench =
                new BusyNeighbourBench(List.of(arguments).contains("--quick"))) {
            bench.run();
        }
    }

    private void run() throws IOException {
        api.put(ClusterObjects.namespace(LAB, Map.of()));
        for (int i = 0; i < peers; i++) {
            peer(i, true);
        }
        agent.start().awaitReady();
        api.put(ClusterObjects.pod(LAB, "server", Map.of("role", "server"), "a", List.of()));
        Pod server = node.pod(LAB + "-server");
        List<String> addresses = server.call("ADD")
                .with("CNI_ARGS", "K8S_POD_NAMESPACE=" + LAB + ";K8S_POD_NAME=server")
                .run()
                .succeeded()
                .addresses();
        api.put(ClusterObjects.pod(LAB, "server", Map.of("role", "server"), "a", addresses));
        api.apply(POLICY);
        Await.until("all peers are let in", () -> letIn() == peers, agent::log);
        String table = handle();
        List<Double> quiet = new ArrayList<>();
        List<Double> busy = new ArrayList<>();
        for (int i = 0; i < turns; i++) {
            quiet.add(cpu());
            try (Neighbour neighbour = new Neighbour()) {
                busy.add(cpu());
                neighbour.requireAlive();
            }
        }
        if (!handle().equals(table)) {
            throw new IllegalStateException("the table was made anew: " + agent.log());
        }
        String size = ", a policy round each 0.2 s, " + peers + " peers";
        row("CPU" + size, "%", quiet, 0);
        row("CPU, 600 foreign commits/s" + size, "%", busy, 0);
        row("the same as ratio" + size, "x", List.of(median(busy) / median(quiet)), WANTED_RATIO);
    }

    private void peer(int number, boolean isLetIn) {
        api.put(ClusterObjects.pod(
                LAB,
                "peer-" + number,
                Map.of("peer", isLetIn ? "yes" : "no"),
                "b",
                List.of("10.99." + number / 250 + "." + (1 + number % 250))));
    }

    /** Percent of one core, while one peer comes and goes. */
    private double cpu() {
        long start = System.nanoTime();
        double before = Figures.cpuSeconds(agent);
        for (int i = 1; i <= rounds; i++) {
            peer(0, i % 2 == 0);
            LockSupport.parkNanos(start + i * ROUND_NANOS - System.nanoTime());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpu = (Figures.cpuSeconds(agent) - before) / seconds * 100;
        Await.until("the last change is in force", () -> letIn() == peers, agent::log);
        return cpu;
    }

    private int letIn() {
        return node.namespace()
                        .run("nft", "list", "table", "inet", "towpath-policy")
                        .split("10\\.99\\.", -1)
                        .length
                - 1;
    }

    private String handle() {
        return Json.read(node.namespace().run("nft", "-j", "-a", "list", "tables", "inet"))
                .path("nftables")
                .findValues("table")
                .stream()
                .filter(table -> table.path("name").asText().equals("towpath-policy"))
                .map(table -> table.path("handle").asText())
                .findFirst()
                .orElseThrow();
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get((values.size() - 1) / 2);
    }

    /** Who writes to a table of his own. */
    private final class Neighbour implements AutoCloseable {
        private final Process process = node.namespace().background(Command.of("nft", "-i"));
        private final Thread writer = Thread.ofPlatform().start(this::write);

        private void write() {
            long begun = System.nanoTime();
            try (OutputStream commands = process.getOutputStream()) {
                say(commands, "add table inet others; add set inet others s { type ipv4_addr; }");
                for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                    say(commands, (i % 2 == 0 ? "add" : "delete") + " element inet others s { 10.0.0.1 }");
                    LockSupport.parkNanos(begun + i * 1_000_000_000L / WRITES_PER_SECOND - System.nanoTime());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static void say(OutputStream commands, String command) throws IOException {
            commands.write((command + "\n").getBytes(StandardCharsets.UTF_8));
            commands.flush();
        }

        void requireAlive() {
            if (!process.isAlive() || !writer.isAlive()) {
                throw new IllegalStateException("the neighbour has ended");
            }
        }

        @Override
        public void close() {
            writer.interrupt();
            Await.until("the neighbour writes no more", () -> !writer.isAlive() && !process.isAlive());
            node.namespace().run("nft", "delete", "table", "inet", "others");
        }
    }

    @Override
    public void close() {
        lab.close();
    }
}
