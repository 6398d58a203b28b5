package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.FileClusterSource;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others delete of pods' links on the node comes back, and nothing of a pod that is gone. */
@NeedsRoot
class PodLinksKernelTest {
    private static final int MANY = 40;

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();

    @BeforeEach
    void connect() throws IOException {
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/16", "dev", "eth0");
        node.ip("link", "set", "eth0", "up");
        node.ip("link", "set", "lo", "up");
        Files.writeString(folder.resolve("cluster.json"), """
                {"network": ["10.64.0.0/10"], "node": "n1", "nodes": [
                  {"name": "n1", "slices": ["10.64.1.0/24"], "addresses": ["192.168.0.1"]},
                  {"name": "n2", "slices": ["10.64.2.0/24"], "addresses": ["192.168.0.2"]}]}""");
        Files.writeString(folder.resolve("cni.conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
                  {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%s"}}]}""".formatted(folder.resolve("leases")));
        Files.createDirectories(folder.resolve("leases/net"));
    }

    @AfterEach
    void remove() {
        node.close();
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

    private static String link(int pod) {
        return "cali%011x".formatted(pod);
    }

    private static String ipv4(int pod) {
        return "10.64.1." + pod;
    }

    private static String ipv6(int pod) {
        return "fd00:a:1::" + Integer.toHexString(pod);
    }

    /** The node's end of a pod's link, as ADD makes it. */
    private void add(int pod, String alias) throws IOException {
        node.ip("link", "add", link(pod), "address", "ee:ee:ee:ee:ee:ee", "type", "veth", "peer", "name", "peer" + pod);
        node.ip("link", "set", link(pod), "addrgenmode", "none", "alias", alias, "up");
        node.ip("link", "set", "peer" + pod, "up");
        node.ip("address", "add", Endpoint.GATEWAY_V6 + "/64", "dev", link(pod), "nodad", "scope", "link");
        node.execute(
                "sysctl",
                "-qw",
                "net.ipv4.conf." + link(pod) + ".forwarding=1",
                "net.ipv4.conf." + link(pod) + ".proxy_arp=1");
        node.ip("route", "add", ipv4(pod), "dev", link(pod));
        node.ip("-6", "route", "add", ipv6(pod), "dev", link(pod));
    }

    private void add(int pod) throws IOException {
        lease(pod, ipv4(pod));
        lease(pod, ipv6(pod));
        add(pod, mark(pod));
    }

    private static String mark(int pod) {
        return "towpath/net/pod" + pod + "/eth0";
    }

    private Path lease(int pod, String address) throws IOException {
        return Files.writeString(folder.resolve("leases/net/" + address), "pod" + pod + "\r\neth0");
    }

    private String witness(int pod) {
        return node.execute("ip", "-4", "route", "show", "dev", link(pod))
                + node.execute("ip", "-6", "route", "show", "dev", link(pod))
                + node.execute("ip", "-6", "-o", "address", "show", "dev", link(pod))
                        .replaceAll("^\\d+: ", "")
                + node.execute(
                        "sysctl",
                        "net.ipv4.conf." + link(pod) + ".forwarding",
                        "net.ipv4.conf." + link(pod) + ".proxy_arp");
    }

    private static void report(String what, long ms) {
        System.out.println("mended: " + what + ": " + ms + " ms");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ip route del 10.64.1.5",
                "ip -6 route del fd00:a:1::5",
                "ip route flush dev cali00000000005",
                "ip -6 address flush dev cali00000000005",
                "sysctl -qw net.ipv4.conf.cali00000000005.forwarding=0",
                "sysctl -qw net.ipv4.conf.cali00000000005.proxy_arp=0",
                "ip link set cali00000000005 down & ip link set cali00000000005 up",
            })
    void whatOthersDeleteComesBack(String commands) throws Exception {
        add(5);
        try (RunningNode agent = start()) {
            String before = witness(5);
            for (String command : commands.split(" & ", -1)) {
                node.execute(command.split(" "));
            }
            report(
                    commands,
                    agent.await(() -> witness(5).equals(before), () -> witness(5) + "\ninstead of\n" + before));
            agent.awaitStatus(status -> status.repairs().keySet().stream().anyMatch(kind -> kind.startsWith("pod-")));
        }
    }

    /** A node that is registered anew gets another slice; its pods keep their addresses. */
    @Test
    void podsOfASliceThatTheNodeHadBeforeAreNamed() throws Exception {
        TestSource source = new TestSource().knowingUsBy("192.168.0.1");
        source.tell(List.of(), TestSource.self(null, "10.64.1.0/24"));
        add(5);
        add(6);
        try (RunningNode agent = new RunningNode(node, folder, OwnChoices.NONE, source)) {
            agent.awaitStatus(status -> status.notReady() == null);
            assertEquals(List.of(), source.outside());
            source.tell(List.of(), TestSource.self(null, "10.64.7.0/24"));
            List<String> both = List.of("10.64.1.5", "10.64.1.6");
            agent.awaitStatus(status -> status.overlay().outside().equals(both));
            String told = source.outside().getLast();
            assertTrue(told.contains("outside this node's podCIDR 10.64.7.0/24"), told);
            assertTrue(told.contains("10.64.1.5, 10.64.1.6; delete them"), told);
            assertTrue(agent.log().contains("subject=podCIDR"), agent.log());
            node.ip("link", "del", link(5));
            node.ip("link", "del", link(6));
            source.tell(
                    List.of(),
                    TestSource.self(null, "10.64.7.0/24"),
                    TestSource.peer("n3", "192.168.0.3", "10.64.3.0/24"));
            agent.awaitStatus(status -> status.overlay().outside().isEmpty());
            assertEquals("null", source.outside().getLast());
        }
    }

    private String sources() {
        return node.execute("nft", "list", "ruleset", "netdev");
    }

    private void awaitSources(RunningNode agent, int pod) throws Exception {
        String checked = "\"" + link(pod) + "\" priority -500; policy drop;";
        agent.await(() -> sources().contains(checked) && sources().contains("ip saddr " + ipv4(pod)), this::sources);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nft delete table netdev towpath-sources",
                "nft flush chain netdev towpath-sources cali00000000005",
            })
    void theCheckOfSourcesComesBack(String command) throws Exception {
        add(5);
        try (RunningNode agent = start()) {
            awaitSources(agent, 5);
            // The first of them a round may find that was due anyway.
            for (int i = 0; i < 4; i++) {
                node.execute(command.split(" "));
                awaitSources(agent, 5);
            }
            add(6);
            // ADD makes the check before the link is up; who looks after it takes the addresses of the routes.
            node.ip("link", "set", link(6), "mtu", "1450");
            awaitSources(agent, 6);
        }
    }

    /** Chains of others in the table go, but only after those of links, which one of theirs may use. */
    @Test
    void aCheckOfSourcesThatCannotBeMadeIsTold() throws Exception {
        add(5);
        String chain = " netdev towpath-sources " + link(5);
        node.execute("nft", "add table netdev towpath-sources; add chain" + chain);
        node.execute("nft", "add chain netdev towpath-sources other");
        node.execute("nft", "add rule netdev towpath-sources other jump " + link(5));
        try (RunningNode agent = start()) {
            agent.await(() -> agent.log().contains("subject=\"source checks\""), agent::log);
            awaitSources(agent, 5);
            agent.await(() -> agent.log().contains("problem ended"), agent::log);
        }
    }

    @Test
    void ofAPodThatCameLaterToo() throws Exception {
        try (RunningNode agent = start()) {
            add(5);
            String before = witness(5);
            // Most likely before the agent has looked at it.
            node.ip("route", "del", ipv4(5));
            report("a route of a pod that came later", await(agent, 5));
            agent.await(() -> witness(5).equals(before), () -> witness(5));
        }
    }

    private long await(RunningNode agent, int pod) throws Exception {
        return agent.await(() -> witness(pod).contains(ipv4(pod) + " "), () -> witness(pod));
    }

    @Test
    void aBurstIsAFewLooks() throws Exception {
        for (int pod = 1; pod <= MANY; pod++) {
            add(pod);
        }
        try (RunningNode agent = start()) {
            String before = node.execute("ip", "-4", "route", "show", "scope", "link");
            StringBuilder batch = new StringBuilder();
            for (int pod = 1; pod <= MANY; pod++) {
                batch.append("route del ").append(ipv4(pod)).append('\n');
            }
            Path file = Files.writeString(folder.resolve("batch"), batch);
            node.execute("ip", "-batch", file.toString());
            report(
                    MANY + " routes to pods",
                    agent.await(
                            () -> node.execute("ip", "-4", "route", "show", "scope", "link")
                                    .equals(before),
                            () -> node.execute("ip", "-4", "route")));
            long lines = agent.log()
                    .lines()
                    .filter(line -> line.contains("links repaired"))
                    .count();
            assertTrue(lines <= 5, agent::log);
        }
    }

    @Test
    void nothingComesBackThatIsNoPodsAnyMore() throws Exception {
        for (int pod = 1; pod <= 4; pod++) {
            add(pod);
        }
        add(7, "somebody else's");
        try (RunningNode agent = start()) {
            // As DEL does: the link first, the leases then.
            node.ip("link", "del", link(1));
            // A stray route: its address is another pod's by now, or nobody's.
            lease(9, ipv4(2));
            node.ip("route", "del", ipv4(2));
            Files.delete(folder.resolve("leases/net/" + ipv4(3)));
            node.ip("route", "del", ipv4(3));
            node.ip("route", "del", ipv4(7));
            node.ip("route", "del", ipv4(4));
            await(agent, 4);
            String routes = node.execute("ip", "-4", "route");
            for (int pod : List.of(1, 2, 3, 7)) {
                assertFalse(routes.contains(ipv4(pod) + " "), routes);
            }
            assertEquals(
                    1,
                    agent.awaitStatus(status -> status.repairs().containsKey("pod-route"))
                            .repairs()
                            .get("pod-route"));
        }
    }

    @Test
    void aStartFindsWhatWasDeletedBefore() throws Exception {
        add(5);
        add(6);
        node.ip("route", "del", ipv4(5));
        node.ip("route", "del", ipv4(6));
        // An ADD may be under way for the other one.
        Files.setLastModifiedTime(
                folder.resolve("leases/net/" + ipv4(5)),
                FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        try (RunningNode agent = start()) {
            await(agent, 5);
            assertFalse(witness(6).contains(ipv4(6) + " "), () -> witness(6));
        }
    }

    @Test
    void aStrangersRouteInTheWayIsToldOnce() throws Exception {
        add(5);
        try (RunningNode agent = start()) {
            node.ip("route", "replace", ipv4(5), "dev", "eth0", "scope", "link");
            // A replacement is no news of the link that had the route.
            node.ip("link", "set", link(5), "mtu", "1401");
            agent.await(() -> agent.log().contains("subject=\"pods' links\""), agent::log);
            // Which is no news of the link either: it is looked at again as the last look failed.
            node.ip("route", "del", ipv4(5), "dev", "eth0");
            await(agent, 5);
            agent.await(() -> agent.log().contains("problem ended"), agent::log);
            assertEquals(
                    1,
                    agent.log()
                            .lines()
                            .filter(line -> line.contains("warn") && line.contains("pods' links"))
                            .count(),
                    agent::log);
        }
    }
}
