package io.towpath.lab.agent;

import static io.towpath.lab.agent.Figures.row;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.ClusterObjects;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Measures the agent on a node of a simulated cluster, whose API server is in this process and on the same cores. Prints a JSON object
 * per line: {@code what}, {@code unit}, {@code median}, {@code p95}, {@code max}, and {@code at_most} where there is a target, which is
 * for {@code p95}. What is waited for is asked of the kernel by ip(8) and of the agent by curl(1), which adds some milliseconds to each
 * figure. {@code --quick} makes it short: fewer rounds, pods and nodes.
 */
public final class AgentBench implements AutoCloseable {
    private static final int SMALL = 100;
    private static final int HEARTBEAT_SECONDS = 300;

    private static final String EXTRA = "10.200.200.0/24";
    private static final String EXTRA_ADDRESS = "172.17.0.1";

    private final int large;
    private final int storm;
    private final int pods;
    private final int rounds;
    private final int starts;
    private final int restSeconds;
    private final Lab lab = new Lab(Plugin.towpath()).withNodes("a").withGateway();
    private final Node node = lab.node();
    private final Namespace at = node.namespace();
    private final ApiServer api = lab.api();
    private final Agent agent;
    private int peers;
    private int beats;

    private AgentBench(boolean quick) throws IOException {
        large = quick ? 1000 : 5000;
        storm = large / 5;
        pods = quick ? 11 : 110;
        rounds = quick ? 3 : 40;
        starts = quick ? 2 : 10;
        restSeconds = quick ? 4 : 30; // the agent looks at everything every 30 s
        Files.delete(node.clusterFile());
        api.addNode("a", node.slices(), node.address());
        agent = node.agent(api);
        Files.writeString(
                node.folder().resolve("net-conf.json"),
                "{\"Network\":\"10.0.0.0/8\",\"Backend\":{\"Type\":\"vxlan\"}}");
    }

    /** Runs all of it. */
    public static void main(String[] arguments) throws IOException {
        try (AgentBench bench = new AgentBench(List.of(arguments).contains("--quick"))) {
            bench.run();
        }
    }

    private void run() throws IOException {
        grow(SMALL);
        start();
        api.put(ClusterObjects.namespace("lab", Map.of()));
        for (int i = 0; i < pods; i++) {
            List<String> addresses = node.pod("p" + i).add().addresses();
            api.put(ClusterObjects.pod("lab", "p" + i, Map.of("app", "p" + i % 9), "a", addresses));
        }
        String size = SMALL + " nodes, " + pods + " pods";
        row("start to in sync, " + size, startsFromNothing(starts), 1000);
        settle();
        memory(size, 80);
        row("CPU at rest, " + size, "%", List.of(cpu(() -> false)), 0.5);
        changes(size);
        repairs();

        grow(large);
        size = large + " nodes";
        row("start to all programmed, " + size, startsFromNothing(starts / 2));
        List<Double> again = new ArrayList<>();
        for (int i = 0; i < starts / 2; i++) {
            agent.kill();
            again.add(start());
        }
        row("started again, all in place, " + size, again);
        settle();
        memory(size, 0);
        row("CPU at rest, " + size, "%", List.of(cpu(() -> false)), 0);
        row("CPU with heartbeats every 5 min, " + size, "%", List.of(cpu(this::heartbeat)), 0);
        changes(size);
        storm();
    }

    /** Makes the cluster as large as this, this node not counted. */
    private void grow(int wanted) {
        for (; peers < wanted; peers++) {
            add("peer-" + peers, slice(peers), "172.16." + peers / 250 + "." + (1 + peers % 250));
        }
    }

    private static String slice(int number) {
        return "10." + number / 250 + "." + (1 + number % 250) + ".0/24";
    }

    private void add(String name, String slice, String address) {
        String mac = "02:00:00:00:%02x:%02x".formatted(peers / 256, peers % 256);
        api.addNode(NodeObjects.ofFlannel(name, slice, address, mac));
    }

    /** Without an overlay and without an agent at the beginning. */
    private List<Double> startsFromNothing(int count) {
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            agent.kill();
            at.ip("link delete flannel.1");
            times.add(start());
        }
        return times;
    }

    /** Milliseconds from the process's start until it says that it is ready and everything is in the kernel. */
    private double start() {
        long start = System.nanoTime();
        agent.start();
        Await.until("ready", () -> agent.code("readyz") == 200, agent::log);
        Await.until("all is programmed", this::isWhole, agent::log);
        return (System.nanoTime() - start) / 1e6;
    }

    private boolean isWhole() {
        return lines("ip", "-4", "route", "show", "dev", "flannel.1") == peers
                && lines("ip", "-4", "neigh", "show", "dev", "flannel.1", "nud", "permanent") == peers
                && lines("bridge", "fdb", "show", "dev", "flannel.1") == peers;
    }

    private long lines(String... words) {
        return at.hasLink("flannel.1") ? at.run(words).lines().count() : 0;
    }

    private void changes(String size) {
        List<Double> joined = new ArrayList<>();
        List<Double> left = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            joined.add(time(() -> add("one-more", EXTRA, EXTRA_ADDRESS), () -> hasRoute(EXTRA)));
            Await.until("the rest of it", () -> AgentLab.hasPeer(at, EXTRA, EXTRA_ADDRESS));
            left.add(time(() -> api.deleteNode("one-more"), () -> !hasRoute(EXTRA)));
            AgentLab.awaitGone(node, EXTRA, EXTRA_ADDRESS);
        }
        row("a node joins, " + size, joined, 1000);
        row("a node leaves, " + size, left, 1000);
    }

    /** Asks for one route, not for all: with thousands of them the question would take longer than the answer. */
    private boolean hasRoute(String slice) {
        return at.run("ip", "route", "get", slice.replace(".0/24", ".1")).contains("dev flannel.1");
    }

    private void repairs() {
        String slice = slice(7);
        String gateway = slice.replace("/24", "");
        String mac = at.show("neigh", "show", "to", gateway, "dev", "flannel.1")
                .path(0)
                .path("lladdr")
                .asText();
        repair("route deleted", () -> at.ip("route delete " + slice));
        repair("neighbour deleted", () -> at.ip("neigh delete " + gateway + " dev flannel.1"));
        repair("FDB entry deleted", () -> at.run("bridge", "fdb", "delete", mac, "dev", "flannel.1"));
        repair("device down", () -> at.ip("link set flannel.1 down"));
        repair("device deleted", () -> at.ip("link delete flannel.1"));
    }

    private void repair(String what, Runnable breaking) {
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            breaking.run();
            times.add(time(() -> {}, this::isWhole));
        }
        row("repaired: " + what + ", " + SMALL + " nodes", times, 1000);
    }

    private void storm() {
        String[] deletions = new String[storm];
        for (int i = 0; i < storm; i++) {
            deletions[i] = "route delete " + slice(i);
        }
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < Math.max(2, rounds / 4); i++) {
            at.ip(deletions);
            times.add(time(() -> {}, this::isWhole));
        }
        row("repaired: " + storm + " of " + large + " routes deleted", times, 1000);
    }

    /** Milliseconds from the beginning of an action until something is so. */
    private static double time(Runnable action, BooleanSupplier condition) {
        long start = System.nanoTime();
        action.run();
        Await.until("it is so", condition);
        return (System.nanoTime() - start) / 1e6;
    }

    /** Two seconds in which nothing is done. */
    private static void settle() {
        LockSupport.parkNanos(2_000_000_000L);
    }

    private void memory(String size, double atMost) {
        row("memory (RSS), " + size, "MiB", List.of(Figures.residentMiB(agent, "VmRSS")), atMost);
        row("memory at most until then, " + size, "MiB", List.of(Figures.residentMiB(agent, "VmHWM")), 0);
    }

    /**
     * Percent of one core over some time. The API server's bookmarks come every two seconds, a real one's every minute.
     *
     * @param work done again and again; says whether there was something to do, and then waits by itself
     */
    private double cpu(BooleanSupplier work) {
        long start = System.nanoTime();
        long end = start + restSeconds * 1_000_000_000L;
        double before = Figures.cpuSeconds(agent);
        while (System.nanoTime() < end) {
            if (!work.getAsBoolean()) {
                LockSupport.parkNanos(end - System.nanoTime());
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        return (Figures.cpuSeconds(agent) - before) / seconds * 100;
    }

    /** As kubelets do when nothing happens: each tells its node's status every five minutes. */
    private boolean heartbeat() {
        beats++;
        api.edit(
                "peer-" + beats % peers,
                changed -> ((ObjectNode) changed.at("/status/conditions/4"))
                        .put("lastHeartbeatTime", Instant.now().toString()));
        LockSupport.parkNanos(HEARTBEAT_SECONDS * 1_000_000_000L / peers);
        return true;
    }

    @Override
    public void close() {
        lab.close();
    }
}
