package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whatever is broken by hand comes back, as it was and nothing else. How long it took is printed, as a table: from the end of the
 * command that breaks it to the first look that finds everything as it was; a look takes some milliseconds itself.
 */
@OnLab
class SelfHealingTest {
    private static final int ROUNDS = 7;
    private static final int STORM = 1000;
    private static final List<String> TABLE = Collections.synchronizedList(new ArrayList<>());

    @AutoClose
    private final Lab lab = Lab.ofTwoNodes().withGateway();

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Namespace at = a.namespace();
    private Agent agent = a.agent();

    @BeforeEach
    void bothStand() {
        agent = a.agent().start().awaitReady();
        b.agent().start().awaitReady();
    }

    @AfterAll
    static void table() {
        System.out.println("lab: repaired after                                        p50      p95      max  rounds");
        TABLE.forEach(System.out::println);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            route deleted               | route delete 10.244.2.0/24
            route by another gateway    | route replace 10.244.2.0/24 via 10.244.2.9 dev flannel.1 onlink
            route without its gateway   | route replace 10.244.2.0/24 dev flannel.1 scope link
            neighbour deleted           | neigh delete 10.244.2.0 dev flannel.1
            neighbour with another MAC  | neigh replace 10.244.2.0 dev flannel.1 lladdr 02:00:00:00:00:01 nud permanent
            address deleted             | address delete 10.244.1.0/32 dev flannel.1
            another address added       | address add 10.244.1.7/32 dev flannel.1
            device deleted              | link delete flannel.1
            device down                 | link set flannel.1 down
            MTU changed                 | link set flannel.1 mtu 1300
            MAC changed                 | link set flannel.1 address 02:00:00:00:00:02
            """)
    void whatIpBreaks(String what, String command) {
        heals(what, () -> at.ip(command));
    }

    @Test
    void forwardingEntryDeleted() {
        heals(
                "FDB entry deleted",
                () -> at.run("bridge", "fdb", "delete", mac(b), "dev", "flannel.1", "dst", b.address()));
    }

    @Test
    void forwardingEntryToAnother() {
        heals(
                "FDB entry to another node",
                () -> at.run("bridge", "fdb", "replace", mac(b), "dev", "flannel.1", "dst", "192.168.50.99"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "another port, id 1 dev eth0 local 192.168.50.1 dstport 4789 nolearning",
        "learning, id 1 dev eth0 local 192.168.50.1 dstport 8472 learning",
        "another VNI, id 7 dev eth0 local 192.168.50.1 dstport 8472 nolearning",
        "another local address, id 1 dev eth0 local 192.168.50.9 dstport 8472 nolearning",
    })
    void deviceWithTheWrongAttributes(String what, String attributes) {
        heals(
                "device anew: " + what,
                () -> agent.whilePaused(() -> at.ip(
                        "link delete flannel.1",
                        "link add flannel.1 type vxlan " + attributes,
                        "link set flannel.1 up")));
    }

    @Test
    void underlayDown() {
        heals("underlay down and up", () -> {
            at.ip("link set eth0 down", "link set eth0 up", "route replace default via " + Lab.GATEWAY);
        });
    }

    @Test
    void everythingAtOnce() {
        heals("all routes, neighbours, FDB", () -> {
            at.ip("route delete 10.244.2.0/24", "neigh delete 10.244.2.0 dev flannel.1", "address flush dev flannel.1");
            at.run("bridge", "fdb", "delete", mac(b), "dev", "flannel.1", "dst", b.address());
        });
    }

    @Test
    void rulesDeleted() {
        String before = rules();
        List<Double> times = new ArrayList<>();
        for (String command : List.of(
                "delete table inet towpath-overlay",
                "flush table inet towpath-overlay",
                "add rule inet towpath-overlay guard accept",
                "flush ruleset")) {
            if (command.startsWith("add rule")) {
                command = "insert rule inet towpath-overlay " + chain() + " accept";
            }
            at.run("nft", command);
            times.add(Await.time(command + " is undone", () -> rules().equals(before)));
        }
        row("nftables: table, rules deleted, rule added", times);
    }

    @Test
    void thousandRoutesAtOnce() {
        ObjectNode cluster = lab.clusterFile(a);
        ArrayNode nodes = (ArrayNode) cluster.path("nodes");
        ((ArrayNode) cluster.path("network")).set(0, "10.128.0.0/9");
        cluster.put("mtu", 1500);
        for (int i = 0; i < STORM; i++) {
            ObjectNode node = nodes.addObject().put("name", "peer-" + i);
            node.putArray("slices").add("10." + (245 + i / 256) + "." + i % 256 + ".0/24");
            node.putArray("addresses").add("172.16." + i / 256 + "." + (i % 256));
        }
        a.writeClusterFile(cluster);
        Await.until("all are there", () -> routes() >= STORM);
        agent.awaitReady();
        NodeState before = NodeState.ofKernel(at);
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            at.run("ip", "route", "flush", "dev", "flannel.1");
            times.add(Await.time("all are back", () -> routes() > STORM));
            NodeState.ofKernel(at).assertSameAs(before);
        }
        row("storm: " + STORM + " routes flushed", times);
    }

    private int routes() {
        return (int) at.run("ip", "route", "show", "dev", "flannel.1").lines().count();
    }

    @Test
    void nothingForeignIsTouched() {
        at.ip(
                "link add stranger type vxlan id 99 dev eth0 dstport 4789",
                "link add name br1 type bridge",
                "link set stranger master br1 up",
                "route add 10.250.0.0/16 via " + Lab.GATEWAY,
                "neigh add 192.168.50.200 dev eth0 lladdr 02:00:00:00:00:09 nud permanent",
                "link add cali12345678901 type veth peer name other",
                "route add 10.244.1.250/32 via " + Lab.GATEWAY);
        at.run(
                "nft",
                "add table ip stranger; add chain ip stranger c { type filter hook forward priority 0; }"
                        + "; add rule ip stranger c counter");
        String rules = at.run("nft", "-s", "list", "table", "ip", "stranger");
        NodeState before = NodeState.ofKernel(at);
        for (int i = 0; i < 3; i++) {
            at.ip("link delete flannel.1");
            Await.until("it is back", () -> AgentLab.hasPeer(a, b));
        }
        agent.kill();
        agent.start().awaitReady();
        before.without("flannel.1").without("10.244.2.0");
        NodeState.ofKernel(at)
                .without("flannel.1")
                .without("10.244.2.0")
                .without("10.244.1.0")
                .assertSameAs(before.without("flannel.1").without("10.244.2.0").without("10.244.1.0"));
        assertEquals(rules, at.run("nft", "-s", "list", "table", "ip", "stranger"));
    }

    /** Breaks it some times, waits until the node is as it was each time, and pods reach each other. */
    private void heals(String what, Runnable breaking) {
        Pod web = a.pod("web").add();
        Pod far = b.pod("far").add();
        web.ping(far.address());
        NodeState before = state();
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            breaking.run();
            long start = System.nanoTime();
            try {
                Await.until(what, () -> AgentLab.hasPeer(a, b) && state().equals(before));
            } catch (AssertionError e) {
                state().assertSameAs(before);
                throw e;
            }
            times.add((System.nanoTime() - start) / 1e6);
            web.ping(far.address());
        }
        row(what, times);
        web.del();
        far.del();
    }

    /** The state without the number of the device, which a new one has another of. */
    private NodeState state() {
        return new NodeState(NodeState.ofKernel(at).lines().stream()
                .map(line -> line.replaceAll("\"(ifindex|link_index)\":\\d+,?", ""))
                .sorted()
                .toList());
    }

    /** Of all tables, in whatever order these were made. */
    private String rules() {
        String text = at.run("nft", "-s", "list", "ruleset").replaceAll("counter packets \\d+ bytes \\d+", "counter");
        return Stream.of(text.split("(?m)^(?=table )")).sorted().collect(Collectors.joining());
    }

    private String chain() {
        for (JsonNode entry :
                io.towpath.lab.Json.read(at.run("nft", "-j", "list", "chains")).path("nftables")) {
            if (entry.at("/chain/table").asText().equals("towpath-overlay")
                    && entry.at("/chain/hook").asText().equals("input")) {
                return entry.at("/chain/name").asText();
            }
        }
        throw new AssertionError("no input chain in " + rules());
    }

    private static String mac(Node node) {
        return node.namespace()
                .show("link", "show", "dev", "flannel.1")
                .path(0)
                .path("address")
                .asText();
    }

    private static void row(String what, List<Double> times) {
        List<Double> sorted = times.stream().sorted().toList();
        TABLE.add(String.format(
                "lab:   %-50s %5.0f ms %5.0f ms %5.0f ms %4d",
                what,
                sorted.get((sorted.size() - 1) / 2),
                sorted.get((int) Math.ceil(sorted.size() * 0.95) - 1),
                sorted.getLast(),
                sorted.size()));
    }
}
