package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.FileClusterSource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.VtepMac;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is broken with {@code ip}, {@code bridge} and {@code nft} is whole again soon; how soon is reported. */
@NeedsRoot
class SelfHealingKernelTest {
    private static final int NODES = 5;
    private static final int REPETITIONS = 4;

    /** What others do to a node; each is to be undone. */
    static final List<String> DAMAGES = List.of(
            "ip route del 10.64.2.0/24",
            "ip route change 10.64.2.0/24 via 10.64.3.0 dev flannel.1 onlink",
            "ip route flush dev flannel.1",
            "ip neigh del 10.64.2.0 dev flannel.1",
            "ip neigh change 10.64.2.0 lladdr 02:00:00:00:00:99 dev flannel.1",
            "ip neigh flush dev flannel.1 nud permanent",
            "bridge fdb flush dev flannel.1",
            "bridge fdb replace MAC2 dst 192.168.0.2 port 4789 dev flannel.1 self permanent",
            "bridge fdb replace MAC2 dst 192.168.0.2 via lo dev flannel.1 self permanent",
            "sysctl -qw net.ipv4.ip_forward=0",
            "sysctl -qw net.ipv4.conf.flannel/1.forwarding=0",
            "ip address del 10.64.1.0/32 dev flannel.1",
            "ip address flush dev flannel.1",
            "ip address add 10.64.1.77/32 dev flannel.1",
            "ip link set flannel.1 down",
            "ip link set flannel.1 mtu 1300",
            "ip link set flannel.1 address 02:11:22:33:44:55",
            "ip link set flannel.1 name flannel.9",
            "ip link del flannel.1",
            "ip link set eth0 mtu 1400 & ip link set eth0 mtu 1500",
            "ip link set eth0 down & ip link set eth0 up",
            "ip route add 10.64.77.0/24 via 10.64.77.0 dev flannel.1 onlink",
            "nft delete table inet towpath-overlay",
            "nft flush ruleset",
            "nft flush chain inet towpath-overlay input",
            "nft flush set inet towpath-overlay peers4",
            "nft delete element inet towpath-overlay peers4 { 192.168.0.2 }",
            "nft add table inet towpath-overlay { flags dormant; }",
            "nft insert rule inet towpath-overlay input udp dport 8472 accept");

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private int nodes = NODES;

    @BeforeEach
    void connect() throws IOException {
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/16", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.ip("link", "set", "lo", "up");
        writeCluster("192.168.0.1");
    }

    @AfterEach
    void remove() {
        node.close();
    }

    private void writeCluster(String own) throws IOException {
        StringBuilder json = new StringBuilder("{\"network\":[\"10.64.0.0/10\"],\"node\":\"n1\",\"nodes\":[");
        for (int i = 1; i <= nodes; i++) {
            json.append(i == 1 ? "" : ",").append("{\"name\":\"n").append(i);
            json.append("\",\"slices\":[\"10." + (64 + i / 256) + "." + i % 256 + ".0/24\"],\"addresses\":[\"");
            json.append(i == 1 ? own : "192.168." + i / 256 + "." + i % 256).append("\"]}");
        }
        Path next = folder.resolve("next.json");
        Files.writeString(next, json.append("]}"));
        Files.move(next, folder.resolve("cluster.json"), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    private RunningNode start() throws Exception {
        RunningNode agent = new RunningNode(
                node,
                folder,
                OwnChoices.NONE,
                new FileClusterSource(folder.resolve("cluster.json").toString()));
        agent.awaitStatus(status -> status.notReady() == null);
        return agent;
    }

    /** All that the overlay consists of, as iproute2 shows it; indexes apart. */
    private String witness() {
        try {
            return node.execute("ip", "-d", "-o", "link", "show", "dev", "flannel.1")
                            .replaceAll("(?m)^\\d+: ", "")
                    + node.execute("ip", "-o", "address", "show", "dev", "flannel.1", "scope", "global")
                            .replaceAll("(?m)^\\d+: ", "")
                    + sorted(node.execute("ip", "-4", "-d", "route", "show", "dev", "flannel.1"))
                    + sorted(node.execute("ip", "neigh", "show", "dev", "flannel.1", "nud", "permanent"))
                    + sorted(node.execute("bridge", "fdb", "show", "dev", "flannel.1"))
                    + node.execute("sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.flannel/1.forwarding")
                    + node.execute("nft", "list", "table", "inet", "towpath-overlay");
        } catch (AssertionError e) {
            return String.valueOf(e.getMessage()); // no such device or table
        }
    }

    private static String sorted(String text) {
        return text.lines().map(line -> line.strip() + "\n").sorted().collect(Collectors.joining());
    }

    @ParameterizedTest
    @FieldSource("DAMAGES")
    void whatIsBrokenIsMended(String commands) throws Exception {
        try (RunningNode agent = start()) {
            report(commands, breakAndAwait(agent, witness(), commands) + " ms");
            assertEquals(List.of(), stillToDo(agent));
        }
    }

    /** Breaks something, and tells how many milliseconds it is broken. */
    private long breakAndAwait(RunningNode agent, String before, String commands) throws Exception {
        for (String command : commands.split(" & ", -1)) {
            if (command.startsWith("bridge fdb flush")) {
                fdbGone();
            } else {
                node.execute(command.replace("MAC2", VtepMac.of("n2", false).toString())
                        .split(" "));
            }
        }
        return agent.await(() -> witness().equals(before), () -> witness() + "\ninstead of\n" + before);
    }

    private static void report(String what, String result) {
        System.out.println("mended: " + what + ": " + result);
    }

    @Test
    void oneAgentMendsEverythingOverAndOver() throws Exception {
        List<Long> times = new ArrayList<>();
        try (RunningNode agent = start()) {
            String before = witness();
            for (int i = 0; i < REPETITIONS; i++) {
                for (String commands : DAMAGES) {
                    times.add(breakAndAwait(agent, before, commands));
                }
            }
            assertEquals(List.of(), stillToDo(agent));
        }
        times.sort(null);
        report(
                times.size() + " times all of this",
                "median " + times.get(times.size() / 2) + " ms, 95th percentile " + times.get(times.size() * 95 / 100)
                        + " ms, longest " + times.getLast() + " ms");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vxlan id 9 dstport 4789", "bridge"})
    void deviceOfTheWrongKindIsReplaced(String kind) throws Exception {
        try (RunningNode agent = start()) {
            String before = witness();
            node.execute(("ip link add wrong type " + kind).split(" "));
            boolean inItsPlace = false;
            while (!inItsPlace) {
                node.ip("link", "set", "flannel.1", "name", "other");
                try {
                    node.ip("link", "set", "wrong", "name", "flannel.1");
                    inItsPlace = true;
                } catch (AssertionError _) {
                    assertTrue(witness().contains("flannel.1"), "the agent was faster, or else what is in the way?");
                    removeOther();
                }
            }
            long ms = agent.await(() -> witness().equals(before), this::witness);
            report("a " + kind + " in the place of flannel.1", ms + " ms");
        }
    }

    /** The agent may have removed it, as it has the overlay's VNI. */
    private void removeOther() {
        try {
            node.ip("link", "del", "other");
        } catch (AssertionError _) {
            assertFalse(node.execute("ip", "link", "show").contains(" other:"), "it cannot be removed");
        }
    }

    /** iproute2 of Debian 12 cannot flush the entries of a device that is no bridge's port. */
    private void fdbGone() {
        for (String line : node.execute("bridge", "fdb", "show", "dev", "flannel.1")
                .lines()
                .toList()) {
            node.execute("bridge", "fdb", "del", line.substring(0, 17), "dev", "flannel.1");
        }
    }

    private List<String> stillToDo(RunningNode agent) throws Exception {
        AgentStatus status = agent.awaitStatus(now -> now.notReady() == null);
        return status.overlay().peerProblems().keySet().stream().toList();
    }

    @Test
    void stormOfAThousandIsMendedInAFewRounds() throws Exception {
        nodes = 1001;
        writeCluster("192.168.0.1");
        try (RunningNode agent = start()) {
            String before = witness();
            long rounds = agent.awaitStatus(status -> true).rounds().total();
            node.ip("route", "flush", "dev", "flannel.1");
            node.ip("neigh", "flush", "dev", "flannel.1", "nud", "permanent");
            node.execute("nft", "flush", "set", "inet", "towpath-overlay", "peers4");
            long ms = agent.await(() -> witness().equals(before), this::witness);
            AgentStatus after = agent.awaitStatus(status -> status.repairs().getOrDefault("route", 0L) >= 1000);
            report(
                    "1,000 routes, neighbours and elements",
                    ms + " ms, " + (after.rounds().total() - rounds) + " rounds");
            assertTrue(after.rounds().total() - rounds < 50, agent::log);
        }
    }

    @Test
    void nodeThatJoinsOrLeavesIsFollowed() throws Exception {
        try (RunningNode agent = start()) {
            nodes = 6;
            writeCluster("192.168.0.1");
            long joined = agent.await(() -> witness().contains("10.64.6.0/24"), this::witness);
            nodes = 3;
            writeCluster("192.168.0.1");
            long left = agent.await(() -> !witness().contains("10.64.4.0/24"), this::witness);
            report("a node joins", joined + " ms");
            report("nodes leave", left + " ms");
        }
    }

    @Test
    void underlaysAddressIsFollowed() throws Exception {
        try (RunningNode agent = start()) {
            node.ip("address", "del", "192.168.0.1/16", "dev", "eth0");
            node.ip("address", "add", "192.168.77.7/16", "dev", "eth0");
            writeCluster("192.168.77.7");
            long ms = agent.await(() -> witness().contains("local 192.168.77.7"), this::witness);
            report("underlay's address changed", ms + " ms");
        }
    }

    @Test
    void peerThatVanishedMeanwhileIsGoneAfterAStart() throws Exception {
        start().close();
        assertTrue(witness().contains("10.64.5.0/24"));
        nodes = 4;
        writeCluster("192.168.0.1");
        try (RunningNode _ = start()) {
            assertTrue(!witness().contains("10.64.5.0/24"), this::witness);
        }
    }

    @Test
    void dataPathStaysWhenTheAgentEnds() throws Exception {
        start().close();
        String before = witness();
        assertTrue(before.contains("10.64.5.0/24"));
        Files.delete(folder.resolve("cluster.json"));
        try (RunningNode agent = new RunningNode(
                node,
                folder,
                OwnChoices.NONE,
                new FileClusterSource(folder.resolve("cluster.json").toString()))) {
            // The last known cluster is kept, and mended, though the source has nothing to say.
            agent.awaitStatus(status -> status.overlay().stands());
            node.ip("link", "del", "flannel.1");
            agent.await(() -> witness().equals(before), () -> witness() + "\ninstead of\n" + before);
            assertTrue(agent.awaitStatus(status -> true).notReady() != null);
        }
    }

    @Test
    void strangersThingsAreLeftAlone() throws Exception {
        try (RunningNode agent = start()) {
            node.ip("route", "add", "10.99.0.0/16", "dev", "eth0");
            node.ip("link", "add", "vxlan7", "type", "vxlan", "id", "7", "dstport", "4789");
            node.ip("link", "del", "flannel.1");
            agent.awaitStatus(status -> status.repairs().containsKey("link"));
            assertTrue(node.execute("ip", "route").contains("10.99.0.0/16"));
            assertTrue(node.execute("ip", "link").contains("vxlan7"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ip route prepend blackhole 10.64.2.0/24 & ip route del blackhole 10.64.2.0/24",
                "ip rule add pref 100 from 10.64.1.0/24 type unreachable & ip rule del pref 100",
                "sysctl -qw net.ipv4.conf.eth0.forwarding=0 & sysctl -qw net.ipv4.conf.eth0.forwarding=1",
            })
    void whatOthersPutInTheWayIsToldOnceAndLeftAlone(String commands) throws Exception {
        String[] both = commands.split(" & ", -1);
        try (RunningNode agent = start()) {
            node.execute(both[0].split(" "));
            AgentStatus status =
                    agent.awaitStatus(now -> !now.overlay().obstacles().isEmpty());
            assertEquals(1, status.overlay().obstacles().size(), status::toString);
            assertEquals(null, status.notReady());
            long rounds = status.rounds().total();
            node.ip("route", "del", "10.64.2.0/24", "dev", "flannel.1");
            agent.awaitStatus(now -> now.rounds().total() > rounds);
            node.execute(both[1].split(" "));
            agent.awaitStatus(now -> now.overlay().obstacles().isEmpty());
            agent.await(() -> agent.log().contains("problem ended"), agent::log);
        }
    }

    @Test
    void wrongFileIsToldOnceAndChangesNothing() throws Exception {
        try (RunningNode agent = start()) {
            String before = witness();
            Files.writeString(folder.resolve("cluster.json"), "{");
            agent.awaitStatus(status -> status.source().trouble() != null);
            assertEquals(before, witness());
            nodes = 3;
            writeCluster("192.168.0.1");
            agent.awaitStatus(status -> status.source().trouble() == null);
            agent.await(() -> !witness().contains("10.64.4.0/24"), this::witness);
            assertEquals(
                    1,
                    agent.log()
                            .lines()
                            .filter(line -> line.contains("not valid JSON") && line.contains("warn"))
                            .count(),
                    agent::log);
        }
    }
}
