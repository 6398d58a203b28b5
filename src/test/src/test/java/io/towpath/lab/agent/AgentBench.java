package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Measures the agent on a node of a simulated cluster, whose API server is in this process; prints a table. What is waited for is
 * asked of the kernel by ip(8), which adds some milliseconds to each figure. Arguments: {@code --quick}; {@code --file} for a
 * cluster file in place of the API server.
 */
public final class AgentBench implements AutoCloseable {
    private static final int SMALL = 100;
    private static final int LARGE = 5000;
    private static final int PODS = 110;
    private static final int STORM = 1000;
    private static final long PAGE_KIB = 4;
    /** USER_HZ, the unit of the times in proc_pid_stat(5). */
    private static final double TICKS_PER_SECOND = 100;

    private final boolean quick;
    private final Lab lab = new Lab(Plugin.towpath()).withNodes("a").withGateway();
    private final Node node = lab.node();
    private final Namespace at = node.namespace();
    private final @Nullable ApiServer api;
    private final ObjectNode cluster;
    private final Agent agent;
    private int peers;

    private AgentBench(boolean quick, boolean file) throws IOException {
        this.quick = quick;
        this.cluster = lab.clusterFile(node);
        ((ArrayNode) cluster.path("network")).set(0, "10.0.0.0/8");
        if (file) {
            api = null;
            agent = node.agent();
            write();
        } else {
            Files.delete(node.clusterFile());
            api = lab.api();
            api.addNode("a", node.slices(), node.address());
            agent = node.agent(api);
            Files.writeString(
                    node.folder().resolve("net-conf.json"),
                    "{\"Network\":\"10.0.0.0/8\",\"Backend\":{\"Type\":\"vxlan\"}}");
        }
    }

    /** Runs all of it. */
    public static void main(String[] arguments) throws IOException {
        List<String> options = List.of(arguments);
        try (AgentBench bench = new AgentBench(options.contains("--quick"), options.contains("--file"))) {
            bench.run();
        }
    }

    private void run() throws IOException {
        System.out.println("The node agent. Times in ms as p50, p95, max; memory (RSS) in MiB.");
        peers(SMALL);
        row("start to in sync, " + SMALL + " nodes", List.of(start(SMALL)));
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < (quick ? PODS / 10 : PODS); i++) {
            pods.add(node.pod("p" + i).add());
        }
        settle();
        System.out.printf("%-52s %9.1f%n", "memory, " + SMALL + " nodes, " + pods.size() + " pods", rss());
        System.out.printf("%-52s %8.2f %%%n", "CPU at rest, of one core", cpuAtRest());
        change(SMALL);
        repairs();
        agent.kill();
        at.ip("link delete flannel.1");

        peers(LARGE);
        row("start to all programmed, " + LARGE + " nodes", List.of(start(LARGE)));
        settle();
        System.out.printf("%-52s %9.1f%n", "memory, " + LARGE + " nodes", rss());
        System.out.printf("%-52s %8.2f %%%n", "CPU at rest, of one core", cpuAtRest());
        change(LARGE);
        storm();
        agent.kill();
        row("started again with all in place, " + LARGE + " nodes", List.of(start(LARGE)));
    }

    /** Makes the cluster as large as this, this node not counted. */
    private void peers(int wanted) throws IOException {
        for (; peers < wanted; peers++) {
            add("peer-" + peers, slice(peers), "172.16." + peers / 250 + "." + (1 + peers % 250));
        }
        if (api == null) {
            write();
        }
    }

    private static String slice(int number) {
        return "10." + number / 250 + "." + (1 + number % 250) + ".0/24";
    }

    private void add(String name, String slice, String address) {
        ApiServer server = api;
        if (server == null) {
            ObjectNode entry = ((ArrayNode) cluster.path("nodes")).addObject().put("name", name);
            entry.putArray("slices").add(slice);
            entry.putArray("addresses").add(address);
        } else {
            String mac = "02:00:00:00:%02x:%02x".formatted(peers / 256, peers % 256);
            server.addNode(NodeObjects.ofFlannel(name, slice, address, mac));
        }
    }

    private void remove(String name) {
        ApiServer server = api;
        if (server == null) {
            ArrayNode nodes = (ArrayNode) cluster.path("nodes");
            nodes.remove(nodes.size() - 1);
        } else {
            server.deleteNode(name);
        }
    }

    /** As an editor does: whole, by rename. */
    private void write() throws IOException {
        Path next = node.folder().resolve("cluster.next");
        Files.writeString(next, cluster.toString());
        Files.move(
                next,
                node.clusterFile(),
                java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    /** Milliseconds until the agent is ready and so many routes are there. */
    private double start(int routes) {
        long start = System.nanoTime();
        agent.start();
        Await.until("all routes", () -> routes() >= routes, agent::log);
        Await.until("ready", () -> agent.code("readyz") == 200, agent::log);
        return (System.nanoTime() - start) / 1e6;
    }

    private long routes() {
        return at.hasLink("flannel.1")
                ? at.run("ip", "-4", "route", "show", "dev", "flannel.1")
                        .lines()
                        .count()
                : 0;
    }

    private void change(int size) throws IOException {
        List<Double> added = new ArrayList<>();
        List<Double> gone = new ArrayList<>();
        for (int i = 0; i < (quick ? 5 : 30); i++) {
            add("one-more", "10.200.200.0/24", "172.17.0.1");
            if (api == null) {
                write();
            }
            added.add(Await.time("one more", () -> hasRoute("10.200.200.0/24")));
            remove("one-more");
            if (api == null) {
                write();
            }
            gone.add(Await.time("gone", () -> !hasRoute("10.200.200.0/24")));
        }
        row("a node joins, of " + size, added);
        row("a node leaves, of " + size, gone);
    }

    private boolean hasRoute(String slice) {
        return !at.run("ip", "-4", "route", "show", slice).isBlank();
    }

    private void repairs() {
        String slice = slice(7);
        String gateway = slice.replace("/24", "");
        String mac = at.show("neigh", "show", "to", gateway, "dev", "flannel.1")
                .path(0)
                .path("lladdr")
                .asText();
        repair("route deleted", "route delete " + slice, slice);
        repair("neighbour deleted", "neigh delete " + gateway + " dev flannel.1", slice);
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < rounds(); i++) {
            at.run("bridge", "fdb", "delete", mac, "dev", "flannel.1");
            times.add(Await.time(
                    "the entry",
                    () -> at.run("bridge", "fdb", "show", "dev", "flannel.1").contains(mac)));
        }
        row("repaired: forwarding entry deleted", times);
        repair("device down", "link set flannel.1 down", slice);
        repair("device deleted, " + SMALL + " peers", "link delete flannel.1", slice);
    }

    private void repair(String what, String command, String slice) {
        String gateway = slice.replace("/24", "");
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < rounds(); i++) {
            at.ip(command);
            times.add(Await.time(
                    what,
                    () -> hasRoute(slice)
                            && at.run("ip", "neigh", "show", "to", gateway, "nud", "permanent")
                                    .contains("lladdr")));
        }
        row("repaired: " + what, times);
    }

    private int rounds() {
        return quick ? 5 : 40;
    }

    private void storm() {
        List<Double> times = new ArrayList<>();
        String[] deletions = new String[STORM];
        for (int i = 0; i < STORM; i++) {
            deletions[i] = "route delete " + slice(i);
        }
        for (int i = 0; i < (quick ? 2 : 10); i++) {
            at.ip(deletions);
            times.add(Await.time("all are back", () -> routes() >= LARGE));
        }
        row("repaired: " + STORM + " of " + LARGE + " routes deleted", times);
    }

    /** Two seconds in which nothing is done. */
    private static void settle() {
        LockSupport.parkNanos(2_000_000_000L);
    }

    private double rss() throws IOException {
        String pages = Files.readString(Path.of("/proc", String.valueOf(agent.pid()), "statm"))
                .split(" ", -1)[1];
        return Long.parseLong(pages) * PAGE_KIB / 1024.0;
    }

    private double cpuAtRest() throws IOException {
        long start = System.nanoTime();
        long before = ticks();
        LockSupport.parkNanos((quick ? 4 : 30) * 1_000_000_000L);
        double seconds = (System.nanoTime() - start) / 1e9;
        return (ticks() - before) / TICKS_PER_SECOND / seconds * 100;
    }

    /** utime and stime, proc_pid_stat(5). */
    private long ticks() throws IOException {
        String stat = Files.readString(Path.of("/proc", String.valueOf(agent.pid()), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    private static void row(String what, List<Double> times) {
        List<Double> sorted = times.stream().sorted().toList();
        System.out.printf(
                "%-52s %9.1f %9.1f %9.1f%n",
                what,
                sorted.get((sorted.size() - 1) / 2),
                sorted.get((int) Math.ceil(sorted.size() * 0.95) - 1),
                sorted.getLast());
    }

    @Override
    public void close() {
        lab.close();
    }
}
