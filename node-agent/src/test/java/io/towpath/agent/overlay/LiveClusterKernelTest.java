package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.cache.Cache;
import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.log.Log;
import io.towpath.agent.source.OwnNode;
import io.towpath.agent.status.AgentStatus;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.overlay.UnderlayChoice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** This node in a live cluster: what it follows, what it tells of itself, and what it makes of other nodes' mistakes. */
@NeedsRoot
class LiveClusterKernelTest {
    private static final String SLICE = "10.64.1.0/24";
    private static final MacAddress GIVEN = MacAddress.parse("02:aa:bb:cc:dd:ee");
    private static final Cluster.Node SELF = TestSource.self(null, SLICE);
    private static final Cluster.Node GOOD = TestSource.peer("good", "192.168.0.2", "10.64.2.0/24");

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private final TestSource source = new TestSource();
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();

    @BeforeEach
    void connect() {
        node.ip("link", "set", "lo", "up");
        for (String name : List.of("eth0", "eth1")) {
            node.ip("link", "add", name, "type", "veth", "peer", "name", name + "-switch");
            node.ip("link", "set", name + "-switch", "up");
            node.ip("link", "set", name, "up");
        }
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("address", "add", "172.16.0.1/24", "dev", "eth1");
        node.ip("route", "add", "default", "via", "192.168.0.254");
    }

    @AfterEach
    void remove() {
        node.close();
    }

    private RunningNode start() {
        return new RunningNode(node, folder, OwnChoices.NONE, source);
    }

    private RunningNode startWith(Cluster.Node... nodes) throws Exception {
        source.tell(List.of(), nodes);
        RunningNode agent = start();
        agent.awaitStatus(status -> status.notReady() == null);
        return agent;
    }

    private JsonNode device() {
        JsonNode links = node.show("link");
        for (JsonNode link : links) {
            if (link.path("ifname").asText().equals("flannel.1")) {
                return link;
            }
        }
        return links.path("none");
    }

    private String local() {
        return device().path("linkinfo").path("info_data").path("local").asText();
    }

    private void awaitLocal(RunningNode agent, String address, String what) throws Exception {
        long ms = agent.await(
                () -> local().equals(address)
                        && source.published().getLast().addresses().equals(List.of(IpAddress.parse(address))),
                () -> device() + " " + source.published());
        System.out.println("followed: " + what + ": " + ms + " ms");
    }

    @Test
    void firewallIsInForceBeforeTheOverlayIsTouched() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            List<String> changes = agent.log()
                    .lines()
                    .filter(line -> line.contains("guard changed") || line.contains("overlay changed"))
                    .toList();
            assertTrue(changes.getFirst().contains("guard changed"), agent::log);
        }
    }

    @Test
    void addressOfTheInterfaceIsFollowedAndTold() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            assertEquals("192.168.0.1", local());
            node.ip("address", "add", "192.168.0.99/24", "dev", "eth0");
            node.ip("address", "del", "192.168.0.1/24", "dev", "eth0");
            // The kernel has taken the second address and the default route along.
            node.ip("address", "replace", "192.168.0.99/24", "dev", "eth0");
            node.ip("route", "replace", "default", "via", "192.168.0.254");
            awaitLocal(agent, "192.168.0.99", "another address of the interface");
            assertTrue(node.execute("ip", "route").contains("10.64.2.0/24"));
            assertEquals(List.of(), agent.awaitStatus(status -> true).rejected());
        }
    }

    /** What may appear on a node or move there, none of which is its address: local stays, and nothing is told to others. */
    private void assertNothingMoves(RunningNode agent, String local) throws Exception {
        int published = source.published().size();
        int index = device().path("ifindex").asInt();
        for (String[] change : new String[][] {
            {"address", "add", "192.168.0.100/32", "dev", "eth0"},
            {"address", "add", "192.168.0.101/24", "dev", "eth0", "preferred_lft", "0"},
            {"address", "add", "192.168.0.102/24", "dev", "eth1"},
            {"route", "replace", "default", "via", "172.16.0.254"},
            {"route", "del", "default"},
            {"route", "add", "default", "nexthop", "via", "172.16.0.254", "nexthop", "via", "192.168.0.254"},
        }) {
            long rounds = agent.awaitStatus(_ -> true).rounds().total();
            node.ip(change);
            agent.awaitStatus(now -> now.rounds().total() > rounds && now.notReady() == null);
            assertEquals(local, local(), () -> String.join(" ", change));
        }
        assertEquals(index, device().path("ifindex").asInt());
        assertEquals(published, source.published().size());
    }

    @Test
    void nothingThatAppearsBesideItMovesAGuess() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            assertNothingMoves(agent, "192.168.0.1");
        }
        // A restart is no reason either.
        try (RunningNode agent = startWith(SELF, GOOD)) {
            assertEquals("192.168.0.1", local());
            agent.awaitStatus(status -> status.notReady() == null);
        }
    }

    @Test
    void addressOfTheStatusGoesBeforeTheGuess() throws Exception {
        node.ip("address", "add", "172.16.0.50/24", "dev", "eth1");
        source.knowingUsBy("172.16.0.50");
        try (RunningNode agent = startWith(SELF, GOOD)) {
            assertEquals("172.16.0.50", local());
            assertEquals(
                    List.of(IpAddress.parse("172.16.0.50")),
                    source.published().getLast().addresses());
            assertNothingMoves(agent, "172.16.0.50");
            // The cluster knows it by another: the overlay follows.
            source.knowingUsBy("192.168.0.1").tell(List.of(), SELF, GOOD);
            awaitLocal(agent, "192.168.0.1", "another address of the node's status");
            // One that no interface has changes nothing.
            source.knowingUsBy("198.51.100.1")
                    .tell(List.of(), SELF, GOOD, TestSource.peer("x", "192.168.0.8", "10.64.8.0/24"));
            agent.await(() -> node.execute("ip", "route").contains("10.64.8.0/24"), agent::log);
            assertEquals("192.168.0.1", local());
        }
    }

    @Test
    void whatAnOperatorChoosesGoesBeforeTheAddressOfTheStatus() throws Exception {
        source.knowingUsBy("192.168.0.1").tell(List.of(), SELF, GOOD);
        OwnChoices eth1 = new OwnChoices(UnderlayChoice.named("eth1"), List.of());
        try (RunningNode agent = new RunningNode(node, folder, eth1, source)) {
            agent.awaitStatus(status -> status.notReady() == null);
            assertEquals("172.16.0.1", local());
        }
        OwnChoices address = new OwnChoices(UnderlayChoice.AUTOMATIC, List.of(IpAddress.parse("172.16.0.1")));
        try (RunningNode agent = new RunningNode(node, folder, address, source)) {
            agent.awaitStatus(status -> status.notReady() == null);
            assertEquals("172.16.0.1", local());
        }
        Cluster.Node annotated = SELF.withAddresses(List.of(IpAddress.parse("192.168.0.1")));
        source.knowingUsBy("172.16.0.1").tell(List.of(), annotated, GOOD);
        try (RunningNode agent = start()) {
            agent.awaitStatus(status -> status.notReady() == null);
            assertEquals("192.168.0.1", local());
        }
    }

    @Test
    void whatThisNodeIsIsToldOncePerChange() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            OwnNode own = source.published().getFirst();
            assertEquals(List.of(IpAddress.parse("192.168.0.1")), own.addresses());
            assertEquals(1, own.vni());
            assertEquals(device().path("address").asText(), String.valueOf(own.mac()));
            source.tell(List.of(), SELF);
            agent.await(() -> !node.execute("ip", "route").contains("10.64.2.0/24"), agent::log);
            assertEquals(1, source.published().size());
        }
    }

    @Test
    void macAddressThatTheClusterKnowsIsKept() throws Exception {
        startWith(TestSource.self(GIVEN, SLICE), GOOD).close();
        assertEquals(GIVEN, source.published().getFirst().mac());
        assertEquals(GIVEN.toString(), device().path("address").asText());
        node.ip("link", "del", "flannel.1");
        // The source never comes: what was known rules, and nothing is told of a node that may have changed.
        try (RunningNode agent = new RunningNode(node, folder, OwnChoices.NONE, new TestSource())) {
            AgentStatus status = agent.awaitStatus(
                    now -> now.overlay().stands() && now.guard().inForce());
            assertTrue(String.valueOf(status.notReady()).contains("not known yet"), status::toString);
            assertEquals(GIVEN.toString(), device().path("address").asText());
            assertTrue(node.execute("ip", "route").contains("10.64.2.0/24"));
        }
    }

    @Test
    void afterABootTheOverlayIsMadeOfTheClusterThatWasKept() throws Exception {
        try (Cache cache = cache("10.64.0.0/10")) {
            source.tell(List.of(), SELF, GOOD);
            try (RunningNode agent = startWith(source, cache)) {
                agent.awaitStatus(status -> status.notReady() == null);
            }
        }
        boot();
        try (Cache cache = cache("10.0.0.0/8");
                RunningNode agent = startWith(new TestSource(), cache)) {
            agent.awaitStatus(status -> status.rounds().total() > 0);
            assertTrue(log().contains("it is of another release, node or network"), this::log);
            assertFalse(node.execute("ip", "link").contains("flannel"));
        }
        try (Cache cache = cache("10.64.0.0/10");
                RunningNode agent = startWith(new TestSource(), cache)) {
            AgentStatus status = agent.awaitStatus(
                    now -> now.overlay().stands() && now.guard().inForce());
            assertTrue(String.valueOf(status.notReady()).contains("not known yet"), status::toString);
            assertTrue(node.execute("ip", "route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
            assertTrue(Files.readString(folder.resolve("run/node.json")).contains(SLICE));
            assertTrue(Files.readString(folder.resolve("flannel/subnet.env")).contains("10.64.1.1/24"));
        }
    }

    @Test
    void whatWasKeptTakesNothingFromAnOverlayOfOthers() throws Exception {
        try (Cache cache = cache("10.64.0.0/10");
                RunningNode agent = startWith(source, cache)) {
            source.tell(List.of(), SELF, GOOD);
            agent.awaitStatus(status -> status.notReady() == null);
        }
        boot();
        node.ip(
                "link",
                "add",
                "flannel.1",
                "type",
                "vxlan",
                "id",
                "1",
                "dev",
                "eth0",
                "local",
                "192.168.0.1",
                "dstport",
                "8472");
        node.ip("link", "set", "flannel.1", "up");
        node.ip("route", "add", "10.64.3.0/24", "via", "10.64.3.0", "dev", "flannel.1", "onlink");
        String before = node.execute("ip", "route");
        TestSource later = new TestSource();
        try (Cache cache = cache("10.64.0.0/10");
                RunningNode agent = startWith(later, cache)) {
            agent.awaitStatus(status -> status.rounds().total() > 0);
            assertEquals(before, node.execute("ip", "route"));
            later.tell(List.of(), SELF, TestSource.peer("new", "192.168.0.3", "10.64.3.0/24"));
            agent.awaitStatus(status -> status.notReady() == null);
            assertTrue(node.execute("ip", "route").contains("10.64.3.0/24 via 10.64.3.0 dev flannel.1"));
        }
    }

    @Test
    void aClusterThatCannotBeKeptIsInTheStatusAndServed() throws Exception {
        Files.writeString(folder.resolve("cache"), "in the way");
        source.tell(List.of(), SELF, GOOD);
        try (Cache cache = cache("10.64.0.0/10");
                RunningNode agent = startWith(source, cache)) {
            agent.awaitStatus(status -> status.notReady() == null);
            agent.await(() -> cache.problem() != null, this::log);
            source.tell(List.of(), SELF);
            agent.awaitStatus(status -> String.valueOf(status.source().cacheProblem())
                    .startsWith(folder.resolve("cache/cluster.json") + ": cannot be written: "));
        }
    }

    private RunningNode startWith(TestSource from, Cache cache) {
        return new RunningNode(node, folder, OwnChoices.NONE, from, new CachedCluster(cache));
    }

    private Cache cache(String network) {
        Log log = new Log(
                new PrintStream(lines, true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.DEBUG,
                Clock.systemUTC());
        return new Cache(folder.resolve("cache"), "n1", () -> List.of(IpPrefix.parse(network)), log);
    }

    private String log() {
        return lines.toString(StandardCharsets.UTF_8);
    }

    private void boot() throws IOException {
        node.ip("link", "del", "flannel.1");
        node.execute("nft", "flush", "ruleset");
        for (String each : List.of("run", "flannel")) {
            try (Stream<Path> files = Files.walk(folder.resolve(each))) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void nodesThatCannotBeServedAreToldOnceAndLeftOut() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            List<Rejected> unread = List.of(new Rejected("unread", "its podCIDR \"x\" is no prefix"));
            Cluster.Node[] bad = {
                SELF,
                GOOD,
                TestSource.peer("without", "192.168.0.3"),
                TestSource.peer("overlapping", "192.168.0.4", "10.64.2.128/25"),
                TestSource.peer("outside", "192.168.0.5", "10.200.0.0/24"),
                TestSource.peer("ours", "192.168.0.1", "10.64.6.0/24"),
                TestSource.peer("ours-too", "172.16.0.1", "10.64.7.0/24"),
                TestSource.peer("twin", "192.168.0.2", "10.64.8.0/24"),
                TestSource.peer("fine", "192.168.0.9", "10.64.9.0/24")
            };
            source.tell(unread, bad);
            AgentStatus status = agent.awaitStatus(now -> now.rejected().size() == 6);
            for (int i = 0; i < 3; i++) {
                node.ip("route", "flush", "dev", "flannel.1");
                agent.await(() -> node.execute("ip", "route").contains("10.64.9.0/24"), agent::log);
                source.tell(unread, bad);
            }
            for (Rejected each : status.rejected()) {
                assertEquals(1, count(agent, "warn", "\"node " + each.node() + '"'), agent::log);
            }
            String routes = node.execute("ip", "route");
            assertTrue(
                    routes.contains("10.64.2.0/24")
                            && routes.contains("10.64.8.0/24")
                            && routes.contains("10.64.9.0/24"),
                    routes);
            assertFalse(routes.contains("10.64.6.0/24") || routes.contains("10.200.0.0/24"), routes);
            assertEquals(null, agent.awaitStatus(now -> true).notReady());

            source.tell(List.of(), SELF, GOOD, TestSource.peer("without", "192.168.0.3", "10.64.3.0/24"));
            agent.await(() -> node.execute("ip", "route").contains("10.64.3.0/24"), agent::log);
            assertEquals(1, count(agent, "problem ended", "\"node without\""), agent::log);
        }
    }

    @Test
    void machineThatIsInstalledAnewIsServedBesideItsDeadNode() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            Cluster.Node anew = TestSource.peer("anew", "192.168.0.2", "10.64.3.0/24");
            source.withHealth(Map.of("good", Health.SILENT, "anew", Health.REPORTING))
                    .tell(List.of(), SELF, GOOD, anew);
            agent.await(() -> node.execute("ip", "route").contains("10.64.3.0/24"), agent::log);
            JsonNode entries = node.bridge("fdb", "show", "dev", "flannel.1");
            assertEquals(2, entries.findValues("dst").size(), entries::toString);
            assertEquals(null, agent.awaitStatus(now -> true).notReady());
            // Nor does the dead keep what was its own: a slice that was given to another.
            Cluster.Node heir = TestSource.peer("heir", "192.168.0.4", "10.64.2.0/24");
            source.withHealth(Map.of("good", Health.SILENT, "anew", Health.READY))
                    .tell(List.of(), SELF, GOOD, anew, heir);
            AgentStatus status = agent.awaitStatus(now -> now.rejected().size() == 1);
            assertEquals("good", status.rejected().getFirst().node());
            agent.await(
                    () -> node.bridge("fdb", "show", "dev", "flannel.1")
                            .toString()
                            .contains("192.168.0.4"),
                    agent::log);
        }
        // A start while the API is away goes by the same.
        node.ip("link", "del", "flannel.1");
        try (RunningNode agent = new RunningNode(node, folder, OwnChoices.NONE, new TestSource())) {
            agent.awaitStatus(now -> now.overlay().stands());
            assertTrue(node.execute("ip", "route").contains("10.64.3.0/24"));
        }
    }

    @Test
    void whoIsReadyAndLeftOutIsToldOf() throws Exception {
        Rejected unread = new Rejected("unread", "its VNI is 2");
        source.withHealth(
                        Map.of("n1", Health.READY, "good", Health.READY, "unread", Health.READY, "twin", Health.READY))
                .tell(List.of(unread), SELF, GOOD);
        try (RunningNode agent = start()) {
            AgentStatus status = agent.awaitStatus(now -> now.notReady() == null);
            assertEquals("left out: unread: its VNI is 2", status.leftOut().summary());
            agent.await(() -> source.leftOut().equals(List.of("left out: unread: its VNI is 2")), agent::log);
            Cluster.Node ours = TestSource.peer("twin", "172.16.0.1", "10.64.7.0/24");
            source.tell(List.of(unread), SELF, GOOD, ours);
            status = agent.awaitStatus(now -> now.notReady() != null);
            assertEquals(null, status.notServing());
            assertTrue(String.valueOf(status.notReady()).startsWith("2 of 3 other nodes"), status::toString);
            source.tell(List.of(), SELF, GOOD);
            agent.awaitStatus(
                    now -> now.notReady() == null && now.leftOut().all().isEmpty());
            agent.await(() -> source.leftOut().getLast().equals("null"), agent::log);
            // What the kernel has no place for is left out, too.
            node.ip("route", "replace", "10.64.2.0/24", "dev", "eth1");
            status = agent.awaitStatus(now -> now.leftOut().count(null) == 1);
            assertEquals("good", status.leftOut().all().getFirst().node());
        }
    }

    private static long count(RunningNode agent, String... parts) {
        return agent.log()
                .lines()
                .filter(line -> List.of(parts).stream().allMatch(line::contains))
                .count();
    }

    @Test
    void thisNodesOwnMistakeChangesNothingAndEndsNothing() throws Exception {
        try (RunningNode agent = startWith(SELF, GOOD)) {
            for (Cluster.Node wrong : List.of(TestSource.self(null), TestSource.self(null, "10.200.0.0/24"))) {
                source.tell(List.of(), wrong, GOOD);
                AgentStatus status = agent.awaitStatus(now -> now.notReady() != null);
                assertTrue(Objects.requireNonNull(status.notReady()).contains("n1"), status::toString);
                assertTrue(node.execute("ip", "route").contains("10.64.2.0/24"));
                source.tell(List.of(), SELF, GOOD);
                agent.awaitStatus(now -> now.notReady() == null);
            }
            source.tell(List.of(), GOOD);
            agent.awaitStatus(now -> now.notReady() != null);
            node.execute("nft", "delete", "table", "inet", "towpath-overlay");
            agent.await(() -> node.execute("nft", "list", "tables").contains("towpath-overlay"), agent::log);
        }
    }

    @Test
    void mistakeOfTheAgentItselfIsToldAndEndsNothing() throws Exception {
        source.tell(List.of(), SELF, GOOD);
        // The command line takes no such expression; whoever gives it here is wrong.
        OwnChoices impossible = new OwnChoices(new UnderlayChoice(List.of(), List.of("("), List.of()), List.of());
        try (RunningNode agent = new RunningNode(node, folder, impossible, source)) {
            AgentStatus status = agent.awaitStatus(now -> now.rounds().total() > 2);
            assertTrue(String.valueOf(status.notReady()).contains("internal error"), status::toString);
            assertEquals(1, count(agent, "warn", "PatternSyntaxException"), agent::log);
        }
    }
}
