package io.towpath.lab.agent;

import static io.towpath.lab.agent.Figures.row;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Call;
import io.towpath.lab.Flood;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Parallel;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.ClusterObjects;
import io.towpath.lab.api.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Measures policies on a node of a simulated cluster, whose API server is in this process and on the same cores: from a change of a policy
 * until packets meet it, and what policies cost packets. Prints what {@link AgentBench} does, and takes {@code --quick} as well.
 *
 * <p>The cluster: 10,000 pods in namespaces of 20, which are 4 apps of 5 pods each; of the policies each is about an app, and allows another
 * app of the namespace, an app of another namespace, or a block without a part of it.
 */
public final class PolicyBench implements AutoCloseable {
    private static final int SPACE = 20;
    private static final int FEW = 100;
    private static final String LAB = "lab";
    private static final int CROWD = 8;
    private static final int SILENCE_MS = 400;
    private static final long PAUSE_NANOS = 200_000_000L;
    private static final List<String> CROWDS = List.of("none", "few", "many");

    private final int pods;
    private final int[] sizes;
    private final int local;
    private final int rounds;
    private final Lab lab = new Lab(Plugin.towpath()).withNodes("a").withGateway();
    private final Node node = lab.node();
    private final ApiServer api = lab.api();
    private final Agent agent;
    private int policies;
    private int added;

    private PolicyBench(boolean quick) throws IOException {
        pods = quick ? 1_000 : 10_000;
        sizes = quick ? new int[] {10, 1_000} : new int[] {10, 1_000, 10_000};
        local = quick ? 11 : 110;
        rounds = quick ? 3 : 20;
        Files.delete(node.clusterFile());
        api.addNode("a", node.slices(), node.address());
        agent = node.agent(api).with(AgentLab.POLICY);
    }

    /** Runs all of it. */
    public static void main(String[] arguments) throws IOException {
        try (PolicyBench bench = new PolicyBench(List.of(arguments).contains("--quick"))) {
            bench.run();
        }
    }

    private void run() {
        for (int i = 0; i < pods / SPACE; i++) {
            api.put(ClusterObjects.namespace("ns-" + i, Map.of()));
        }
        api.put(ClusterObjects.namespace(LAB, Map.of()));
        agent.start().awaitReady();
        int step = pods / local;
        for (int i = 0; i < pods; i++) {
            boolean isHere = i % step == 0 && i / step < local;
            api.put(ClusterObjects.pod(
                    "ns-" + i / SPACE,
                    "pod-" + i,
                    Map.of("app", "app-" + i / 5 % 4),
                    isHere ? "a" : "node-" + i % 100,
                    isHere
                            ? List.of()
                            : List.of("10." + (100 + (i >> 16)) + "." + (i >> 8 & 0xff) + "." + (i & 0xff))));
            if (isHere) {
                attach("ns-" + i / SPACE, "pod-" + i, Map.of("app", "app-" + i / 5 % 4));
            }
        }
        Pod client = attach(LAB, "client", Map.of("role", "client"));
        Pod server = attach(LAB, "server", Map.of("role", "server"));
        for (int size : sizes) {
            grow(size);
            Await.until(
                    "the agent knows all",
                    () -> agent.status().at("/policy/policies").asInt() == size,
                    agent::log);
            LockSupport.parkNanos(1_000_000_000L);
            changes(client, server, size + " policies, " + pods + " pods");
            adds(size + " policies, " + pods + " pods", 1);
            adds(size + " policies, " + pods + " pods", CROWD);
        }
        String size = policies + " policies, " + pods + " pods";
        starts(size);
        traffic();
    }

    /** Starts without any table, in turns from an API that tells objects as events and from one that has pages alone. */
    private void starts(String size) {
        List<Double> starts = new ArrayList<>();
        List<Double> events = new ArrayList<>();
        List<Double> pages = new ArrayList<>();
        for (int i = 0; i < Math.max(2, rounds / 4); i++) {
            agent.kill();
            api.fail(PolicyBench::refuseInitialEvents);
            start();
            pages.add(Figures.residentMiB(agent, "VmHWM"));
            agent.kill();
            api.mend();
            starts.add(start());
            events.add(Figures.residentMiB(agent, "VmHWM"));
        }
        row("start to all policies in force, " + size, starts);
        LockSupport.parkNanos(2_000_000_000L);
        row("memory (RSS), " + size, "MiB", List.of(Figures.residentMiB(agent, "VmRSS")), 0);
        row("memory at most at the start, by events, " + size, "MiB", events, 0);
        row("memory at most at the start, by pages, " + size, "MiB", pages, 0);
    }

    /** Milliseconds to all policies in force. */
    private double start() {
        node.namespace().run("nft", "delete", "table", "inet", "towpath-policy");
        long start = System.nanoTime();
        agent.start().awaitReady();
        return (System.nanoTime() - start) / 1e6;
    }

    /** As an API server without streaming lists does. */
    private static boolean refuseInitialEvents(HttpExchange exchange) throws IOException {
        if (!String.valueOf(exchange.getRequestURI().getQuery()).contains("sendInitialEvents")) {
            return false;
        }
        byte[] status = Json.object(
                        "{'kind':'Status','apiVersion':'v1','status':'Failure','reason':'Invalid','code':422,"
                                + "'message':'sendInitialEvents is forbidden for watch'}")
                .toString()
                .getBytes(StandardCharsets.UTF_8);
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(422, status.length);
            exchange.getResponseBody().write(status);
        }
        return true;
    }

    /** A pod of this node, which the API knows. */
    private Pod attach(String namespace, String name, Map<String, String> labels) {
        api.put(ClusterObjects.pod(namespace, name, labels, "a", List.of()));
        Pod pod = node.pod(namespace + "-" + name).conf(waiting());
        List<String> addresses =
                call(pod, "ADD", namespace, name).run().succeeded().addresses();
        api.put(ClusterObjects.pod(namespace, name, labels, "a", addresses));
        return pod;
    }

    /** With which an ADD waits for policies. */
    private NetConf waiting() {
        ObjectNode policy = Json.object("{'type':'k8s'}")
                .put("socket", node.folder().resolve("agent.sock").toString());
        return node.conf().with("policy", policy);
    }

    private static Call call(Pod pod, String verb, String namespace, String name) {
        return pod.call(verb).with("CNI_ARGS", "K8S_POD_NAMESPACE=" + namespace + ";K8S_POD_NAME=" + name);
    }

    /** ADDs of pods that the API knows, with and without the wait until their policies are in force, in turns. */
    private void adds(String size, int atATime) {
        List<Double> with = new ArrayList<>();
        List<Double> without = new ArrayList<>();
        int times = atATime == 1 ? rounds : Math.max(2, rounds / 4);
        for (int i = 0; i < times; i++) {
            without.addAll(add(node.conf(), atATime));
            with.addAll(add(waiting(), atATime));
        }
        String many = atATime == 1 ? "" : ", " + atATime + " at a time";
        row("ADD that waits" + many + ", " + size, with, 0);
        row("ADD that does not" + many + ", " + size, without, 0);
    }

    /** Adds pods at the same time and deletes them; returns how long each ADD took, in milliseconds. */
    private List<Double> add(NetConf conf, int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("added-" + added++);
            api.put(ClusterObjects.pod("ns-0", names.getLast(), Map.of("app", "app-0"), "a", List.of()));
        }
        List<Pod> pods =
                names.stream().map(name -> node.pod("ns-0-" + name).conf(conf)).toList();
        LockSupport.parkNanos(PAUSE_NANOS);
        List<Double> times = Collections.synchronizedList(new ArrayList<>());
        List<Integer> all = IntStream.range(0, count).boxed().toList();
        Parallel.run(count, all, i -> {
            long start = System.nanoTime();
            call(pods.get(i), "ADD", "ns-0", names.get(i)).run().succeeded();
            times.add((System.nanoTime() - start) / 1e6);
        });
        for (int i : all) {
            call(pods.get(i), "DEL", "ns-0", names.get(i)).run().succeeded();
            api.delete(Kind.POD, "ns-0", names.get(i));
        }
        LockSupport.parkNanos(PAUSE_NANOS);
        return times;
    }

    private void grow(int wanted) {
        int spaces = pods / SPACE;
        for (; policies < wanted; policies++) {
            int i = policies;
            String peer = switch (i / spaces % 3) {
                case 0 -> "{podSelector: {matchLabels: {app: app-" + (i + 1) % 4 + "}}}";
                case 1 ->
                    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-" + i * 7 % spaces
                            + "}}, podSelector: {matchLabels: {app: app-0}}}";
                default -> {
                    String block = "172." + (16 + i % 16) + "." + i % 256;
                    yield "{ipBlock: {cidr: " + block + ".0/24, except: [" + block + ".128/25]}}";
                }
            };
            api.apply(policy(
                    "ns-" + i % spaces, "p-" + i, "matchLabels: {app: app-" + i / spaces % 4 + "}", peer, 80 + i % 7));
        }
    }

    private static String policy(String namespace, String name, String about, String peer, int port) {
        return """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: %s}
                spec:
                  podSelector: {%s}
                  policyTypes: [Ingress, Egress]
                  ingress: [{from: [%s], ports: [{port: %d}]}]
                  egress: [{to: [%s], ports: [{port: %d}]}]
                """.formatted(name, namespace, about, peer, port, peer, port);
    }

    /** From the API's change of a policy until packets meet it. */
    private void changes(Pod client, Pod server, String size) {
        List<Double> closed = new ArrayList<>();
        List<Double> opened = new ArrayList<>();
        try (Flood flood = Flood.start(client.namespace(), server.namespace(), addressOf(server), false)) {
            Await.until("datagrams arrive", () -> flood.received() > 0);
            for (int i = 0; i < rounds; i++) {
                long start = System.nanoTime();
                api.apply(gate("[]"));
                Await.until(
                        "no more arrive",
                        () -> System.nanoTime() - Math.max(start, flood.lastReceived()) > SILENCE_MS * 1_000_000L);
                closed.add((flood.lastReceived() - start) / 1e6);
                long before = flood.received();
                long again = System.nanoTime();
                api.apply(gate("[{from: [{podSelector: {matchLabels: {role: client}}}]}]"));
                Await.until("they arrive again", () -> flood.received() > before);
                opened.add((flood.firstAfterSilence() - again) / 1e6);
            }
        }
        api.delete(Kind.NETWORK_POLICY, LAB, "gate");
        row("a policy closes, " + size, closed, 100);
        row("a policy opens, " + size, opened, 100);
    }

    private static String gate(String ingress) {
        return """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: gate, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: server}}
                  ingress: %s
                """.formatted(ingress);
    }

    private static String addressOf(Pod pod) {
        return pod.namespace()
                .show("-4", "address", "show", "dev", "eth0")
                .path(0)
                .at("/addr_info/0/local")
                .asText();
    }

    /** Pairs of pods that no policy selects, some do, or all: one after the other, again and again. */
    private void traffic() {
        int many = sizes[sizes.length - 1];
        for (int i = 0; i < many; i++) {
            String about = i < FEW
                    ? "matchExpressions: [{key: crowd, operator: In, values: [few, many]}]"
                    : "matchLabels: {crowd: many}";
            String peer = i == 0
                    ? "{podSelector: {}}"
                    : "{ipBlock: {cidr: 172." + (16 + i % 16) + "." + i / 16 % 256 + "." + i % 200 + "/32}}";
            api.apply(policy(LAB, "crowd-" + i, about, peer, i == 0 ? Transfer.PORT : 1000 + i));
        }
        Map<String, Transfer> pairs = new LinkedHashMap<>();
        for (String crowd : CROWDS) {
            Pod from = attach(LAB, "from-" + crowd, Map.of("crowd", crowd));
            Pod to = attach(LAB, "to-" + crowd, Map.of("crowd", crowd));
            pairs.put(crowd, new Transfer(from.namespace(), to.namespace(), addressOf(to)));
        }
        Map<String, List<Double>> bytes = new LinkedHashMap<>();
        Map<String, List<Double>> connections = new LinkedHashMap<>();
        for (int i = 0; i < 2 * rounds; i++) {
            // Who comes later in a round finds a machine that is warmer.
            for (String crowd : i % 2 == 0 ? CROWDS : CROWDS.reversed()) {
                Transfer pair = Objects.requireNonNull(pairs.get(crowd));
                bytes.computeIfAbsent(crowd, _ -> new ArrayList<>()).add(pair.gigabitsPerSecond());
                connections.computeIfAbsent(crowd, _ -> new ArrayList<>()).add(pair.connectionsPerSecond());
            }
        }
        pairs.values().forEach(Transfer::close);
        Map<String, String> names = Map.of("none", "no policy", "few", FEW + " policies", "many", many + " policies");
        for (String crowd : CROWDS) {
            row("TCP between pods, selected by " + names.get(crowd), "Gbit/s", bytes.getOrDefault(crowd, List.of()), 0);
            row(
                    "connections between pods, selected by " + names.get(crowd),
                    "1/s",
                    connections.getOrDefault(crowd, List.of()),
                    0);
        }
        row("TCP: " + names.get("many") + " cost", "%", List.of(loss(bytes)), 5);
        row("connections: " + names.get("many") + " cost", "%", List.of(loss(connections)), 5);
    }

    /** By how many percent less those have that many policies select than those that none does, at the median of all rounds. */
    private static double loss(Map<String, List<Double>> figures) {
        List<Double> without = figures.getOrDefault("none", List.of());
        List<Double> with = figures.getOrDefault("many", List.of());
        List<Double> losses = new ArrayList<>();
        for (int i = 0; i < without.size(); i++) {
            losses.add(100 * (1 - with.get(i) / without.get(i)));
        }
        return losses.stream().sorted().toList().get((losses.size() - 1) / 2);
    }

    @Override
    public void close() {
        lab.close();
    }
}
