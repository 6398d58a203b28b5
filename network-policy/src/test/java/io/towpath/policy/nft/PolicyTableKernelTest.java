package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.table.KeptTable;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table as a whole, with {@code nft} as witness. */
@NeedsRoot
class PolicyTableKernelTest {
    private static final PolicyOptions OPTIONS = new PolicyOptions(true, 7, 1, 3);
    private static final int TCP = 6;
    private static final String[] ADDRESSES = {"10.1.0.1", "fd01::1"};

    private final TestNamespace node = new TestNamespace();
    private final Nft nft;
    private final PolicyTable table;

    PolicyTableKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            nft = Nft.open(netNs);
        }
        table = new PolicyTable(nft, OPTIONS);
    }

    @AfterEach
    void close() {
        nft.close();
        node.close();
    }

    private String nft(String... arguments) {
        List<String> command = new ArrayList<>(List.of("nft"));
        command.addAll(List.of(arguments));
        return node.execute(command.toArray(String[]::new));
    }

    private String list() {
        return nft("list", "ruleset");
    }

    /** Some ports, a range, a protocol. */
    private static Program web(int ports) {
        List<Program.PortRange> ranges = new ArrayList<>();
        ranges.add(new Program.PortRange(Protocol.TCP, 8000, 8100, true));
        ranges.add(new Program.PortRange(Protocol.SCTP, 0, 65535, true));
        for (int i = 0; i < ports; i++) {
            ranges.add(new Program.PortRange(Protocol.TCP, 80 + 2 * i, 80 + 2 * i, true));
        }
        return new Program("web", ranges, false);
    }

    /** Everything that a ruleset may have. */
    private static Ruleset rich(int peers) {
        Program ports = web(8);
        Program dns = new Program("dns", List.of(new Program.PortRange(Protocol.UDP, 53, 53, true)), false);
        Map<IpAddress, Outcome> addresses = new LinkedHashMap<>();
        for (int i = 0; i < peers; i++) {
            Outcome outcome = i % 3 == 0 ? new Outcome.Ports(ports) : i % 3 == 1 ? Outcome.ALLOW : Outcome.DENY;
            addresses.put(IpAddress.parse("10.2.0." + i), outcome);
            addresses.put(IpAddress.parse("fd02::" + i), outcome);
        }
        Profile ingress = new Profile(
                "in-1",
                Direction.INGRESS,
                addresses,
                new Outcome.Ports(dns),
                List.of(
                        Rulesets.block("70.0.0.0", "70.0.0.255", Outcome.ALLOW),
                        Rulesets.block("70.0.1.0", "70.0.1.0", new Outcome.Ports(dns)),
                        Rulesets.block("fd70::", "fd70::ffff", Outcome.ALLOW)),
                new Outcome.Ports(dns));
        Profile egress = new Profile("out-1", Direction.EGRESS, addresses, null, List.of(), Outcome.DENY);
        Rulesets rulesets = new Rulesets();
        for (String address : ADDRESSES) {
            IpAddress parsed = IpAddress.parse(address);
            rulesets.with(new Endpoint("cali00000000001", parsed), ingress, egress);
        }
        return rulesets.withPods(IpAddress.parse("10.2.0.1"), IpAddress.parse("fd02::1"))
                .build();
    }

    /** Chains and sets whatever their order, elements whatever theirs. */
    private static List<String> parts(String ruleset) {
        return List.of(ruleset.split("\n\t}\n")).stream()
                .map(part -> part.replace("table inet towpath-policy {\n", "").strip())
                .map(part -> List.of(part.split("elements = \\{|,|\\}")).stream()
                        .map(String::strip)
                        .filter(piece -> !piece.isEmpty())
                        .sorted()
                        .collect(Collectors.joining("\n")))
                .sorted()
                .toList();
    }

    @Test
    void nftListsTheTableAndLoadsItsListing(@TempDir Path folder) throws Exception {
        assertEquals(KeptTable.Outcome.CHANGED, table.sync(rich(7)));
        String listed = list();
        for (String words : List.of(
                "iifname . ip saddr != @sources-4",
                "iifname . ip6 saddr vmap @from-pod-6",
                "oifname . ip daddr vmap @to-pod-4",
                "ip saddr vmap @in-1-4",
                "ip6 daddr vmap @out-1-6",
                "ip saddr @pods-4 goto ports-in-dns",
                "ip saddr vmap @in-1-blocks-4",
                "\"cali00000000001\" . 10.1.0.1 : goto in-1",
                "meta l4proto . th dport vmap @ports-in-web",
                "tcp . 8000-8100 : accept",
                "meta l4proto sctp accept",
                "udp dport 53 accept",
                "elements = { \"cali00000000001\" counter packets 0 bytes 0 }",
                "elements = { \"cali00000000001\" limit rate 1/second burst 3 packets }",
                "elements = { 10.1.0.1 counter packets 0 bytes 0 }",
                "iifname @denied-out",
                "oifname @logged-in log prefix \"denied-in\" group 7 snaplen 80",
                "iifname != \"cali*\" ip6 saddr @logged-out-6 log prefix \"denied-out\" group 7 snaplen 80",
                "ip saddr vmap @output-from-4",
                "type filter hook input priority 101; policy accept;")) {
            assertTrue(listed.contains(words), () -> words + " is not in\n" + listed);
        }
        Path file = Files.writeString(folder.resolve("ruleset"), listed);
        nft("delete", "table", "inet", PolicyTable.NAME);
        assertEquals("", list());
        nft("-f", file.toString());
        assertEquals(listed, list());
        // It does the same; nft spells the lookup of ranges with one step more.
        PolicyTable restarted = new PolicyTable(nft, OPTIONS);
        restarted.sync(rich(7));
        assertEquals(listed, list());
        assertFalse(restarted.sent().contains("element"), restarted::sent);
    }

    @Test
    void aSecondSyncWritesNothingAndARestartNeither() throws Exception {
        table.sync(rich(7));
        int generation = nft.generation();
        assertEquals(KeptTable.Outcome.STOOD, table.sync(rich(7)));
        assertEquals("", table.sent());
        assertEquals(KeptTable.Outcome.STOOD, new PolicyTable(nft, OPTIONS).sync(rich(7)));
        assertEquals(generation, nft.generation());
        nft("add table inet others");
        assertEquals(KeptTable.Outcome.STOOD, table.sync(rich(7)));
        assertEquals(generation + 1, nft.generation());
    }

    @Test
    void oneChangedPodIsOneChangedElement() throws Exception {
        Map<IpAddress, Outcome> before = Map.of(IpAddress.parse("10.2.0.1"), Outcome.ALLOW);
        Map<IpAddress, Outcome> after =
                Map.of(IpAddress.parse("10.2.0.1"), Outcome.ALLOW, IpAddress.parse("10.2.0.2"), Outcome.ALLOW);
        Endpoint endpoint = new Endpoint("cali00000000001", IpAddress.parse("10.1.0.1"));
        table.sync(new Rulesets()
                .with(endpoint, Rulesets.profile("in-1", Direction.INGRESS, before), null)
                .build());
        Ruleset more = new Rulesets()
                .with(endpoint, Rulesets.profile("in-1", Direction.INGRESS, after), null)
                .build();
        assertEquals(KeptTable.Outcome.CHANGED, table.sync(more));
        assertEquals("element add inet towpath-policy in-1-4 { 0x0200020a : accept }\n", table.sent());
        Ruleset fewer = new Rulesets()
                .with(endpoint, Rulesets.profile("in-1", Direction.INGRESS, before), null)
                .build();
        assertEquals(KeptTable.Outcome.CHANGED, new PolicyTable(nft, OPTIONS).sync(fewer), "also after a restart");
        table.sync(more);
        table.sync(fewer);
        assertEquals("element delete inet towpath-policy in-1-4 { 0x0200020a : accept }\n", table.sent());
    }

    private static Ruleset sharing(int peers) {
        Outcome web = new Outcome.Ports(
                new Program("web", List.of(new Program.PortRange(Protocol.TCP, 80, 80, true)), false));
        Map<IpAddress, Outcome> addresses = new LinkedHashMap<>();
        for (int i = 0; i < peers; i++) {
            addresses.put(IpAddress.parse("10.2.0." + i), web);
        }
        return new Rulesets()
                .with(
                        new Endpoint("cali00000000001", IpAddress.parse("10.1.0.1")),
                        Rulesets.profile("in-1", Direction.INGRESS, addresses),
                        null)
                .build();
    }

    @Test
    void anOutcomeOfManyAddressesIsASetFromOneChangeToTheNext() throws Exception {
        table.sync(sharing(64));
        String few = list();
        assertTrue(few.contains("10.2.0.63 : goto ports-in-web"), few);
        table.sync(sharing(65));
        String many = list();
        assertTrue(many.contains("ip saddr @in-1-web-4 goto ports-in-web"), many);
        assertFalse(many.contains("10.2.0.63 : goto"), many);
        table.sync(sharing(66));
        assertEquals("element add inet towpath-policy in-1-web-4 { 0x4100020a }\n", table.sent());
        table.sync(sharing(65));
        assertEquals(parts(many), parts(list()));
        table.sync(sharing(64));
        assertEquals(parts(few), parts(list()));
    }

    @Test
    void fewPortsHaveARuleEachAndManyAMap() throws Exception {
        table.sync(toPorts(7));
        String few = list();
        assertTrue(few.contains("tcp dport 8000-8100 accept"), few);
        assertTrue(few.contains("tcp dport 92 accept"), few);
        assertFalse(few.contains("map ports-in-web"), few);
        table.sync(toPorts(8));
        String many = list();
        assertTrue(many.contains("meta l4proto . th dport vmap @ports-in-web"), many);
        assertFalse(many.contains("tcp dport 8"), many);
        table.sync(toPorts(7));
        assertEquals(parts(few), parts(list()));
    }

    private static Ruleset toPorts(int ports) {
        Map<IpAddress, Outcome> addresses = Map.of(IpAddress.parse("10.2.0.1"), new Outcome.Ports(web(ports)));
        return new Rulesets()
                .with(
                        new Endpoint("cali00000000001", IpAddress.parse("10.1.0.1")),
                        Rulesets.profile("in-1", Direction.INGRESS, addresses),
                        null)
                .build();
    }

    @Test
    void profilesAndProgramsComeAndGoWhole() throws Exception {
        Ruleset little = new Rulesets()
                .with(new Endpoint("cali00000000001", IpAddress.parse("10.1.0.1")), null, null)
                .build();
        table.sync(little);
        String before = list();
        table.sync(rich(7));
        String whole = list();
        table.sync(rich(4));
        table.sync(rich(7));
        assertEquals(parts(whole), parts(list()));
        table.sync(little);
        assertEquals(parts(before), parts(list()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete table inet towpath-policy",
                "flush ruleset",
                "add table inet towpath-policy { flags dormant; }",
                "flush table inet towpath-policy",
                "flush chain inet towpath-policy from-pod",
                "flush chain inet towpath-policy forward-to; delete chain inet towpath-policy forward-to",
                "flush map inet towpath-policy from-pod-4",
                "flush set inet towpath-policy sources-6",
                "flush map inet towpath-policy in-1-blocks-4",
                "delete element inet towpath-policy in-1-blocks-4 { 70.0.0.0/24 }",
                "delete element inet towpath-policy in-1-6 { fd02::1 }",
                "delete element inet towpath-policy in-1-4 { 10.2.0.2 };"
                        + " add element inet towpath-policy in-1-4 { 10.2.0.2 : accept }",
                "add element inet towpath-policy in-1-4 { 8.8.8.8 : accept }",
                "add element inet towpath-policy in-1-4 { * : accept }",
                "flush map inet towpath-policy output-from-4",
                "flush chain inet towpath-policy input-node",
                "flush set inet towpath-policy denied-out-6",
                "add element inet towpath-policy pods-4 { 8.8.8.8 }",
                "add element inet towpath-policy ports-in-web { udp . 1-9 : accept }",
                "insert rule inet towpath-policy in-1 accept",
                "insert rule inet towpath-policy forward-from ip saddr { 10.0.0.1, 10.0.0.2 } accept",
                "add chain inet towpath-policy more; insert rule inet towpath-policy from-pod jump more",
                "add chain inet towpath-policy more;"
                        + " add element inet towpath-policy in-1-4 { 8.8.8.8 : goto more };"
                        + " add rule inet towpath-policy more accept",
                "add chain inet towpath-policy more { type filter hook forward priority 0; policy drop; }",
                "add set inet towpath-policy more { type ipv4_addr; flags interval; }",
                "chain inet towpath-policy forward-from { policy drop; }",
                "insert rule inet towpath-policy from-pod meter m { ip saddr limit rate 1/second } accept",
                "insert rule inet towpath-policy from-pod tcp option maxseg size 100 accept",
                "flush chain inet towpath-policy in-1; delete map inet towpath-policy in-1-4;"
                        + " add set inet towpath-policy in-1-4 { type ipv4_addr; }",
            })
    void whatAStrangerChangesIsPutRight(String damage) throws Exception {
        table.sync(rich(7));
        String whole = list();
        nft(damage);
        assertNotEquals(whole, list());
        assertEquals(KeptTable.Outcome.REPAIRED, table.sync(rich(7)));
        assertEquals(parts(whole), parts(list()));
        assertEquals(KeptTable.Outcome.STOOD, table.sync(rich(7)));
    }

    /** Others write to tables of their own all the time: more often than 200 times a second, as often as the kernel takes it. */
    @Test
    void othersWhoWriteToOtherTablesCostNeitherCountersNorCuts() throws Exception {
        Table others = Table.inet("others");
        Flow cut = new Flow(IpAddress.parse("10.1.0.1"), IpAddress.parse("10.2.0.1"), TCP, 4000, 80);
        table.sync(rich(7));
        table.cut(List.of(cut));
        String handle = handle();
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong written = new AtomicLong();
        AtomicReference<@Nullable NetlinkException> failure = new AtomicReference<>();
        try (NetNs netNs = node.open();
                Nft writer = Nft.open(netNs)) {
            Thread writing = Thread.ofPlatform().start(() -> {
                try {
                    while (!ended.get()) {
                        writer.commit(new Transaction().add(others));
                        writer.commit(new Transaction().delete(others));
                        written.addAndGet(2);
                    }
                } catch (NetlinkException e) {
                    failure.set(e);
                }
            });
            long begun = System.nanoTime();
            for (int peers = 1; peers < 60; peers++) {
                assertEquals(KeptTable.Outcome.CHANGED, table.sync(rich(7 + peers % 20 + 1)));
            }
            ended.set(true);
            writing.join();
            System.out.println(
                    "59 changes amid others' " + written + " in " + (System.nanoTime() - begun) / 1_000_000 + " ms");
        }
        assertNull(failure.get());
        assertTrue(written.get() > 59, "others wrote " + written + " times");
        assertEquals(handle, handle(), "the table is the same");
        assertTrue(nft("list", "set", "inet", PolicyTable.NAME, "cut-4").contains("10.1.0.1 . 10.2.0.1"));
        nft("delete element inet towpath-policy in-1-4 { 10.2.0.0 }");
        assertEquals(KeptTable.Outcome.REPAIRED, table.sync(rich(7 + 59 % 20 + 1)), "others' changes are still seen");
    }

    @Test
    void anotherLayoutBecomesThisOneWithoutTheTableGoing() throws Exception {
        nft("""
                table inet towpath-policy {
                  comment "of another release"
                  map old { type ipv4_addr : verdict; elements = { 10.1.0.1 : goto old-profile }; }
                  set denied-out {
                    type ifname; counter limit rate 10/second burst 20 packets;
                    elements = { "cali00000000001" counter packets 5 bytes 5 limit rate 10/second burst 20 packets };
                  }
                  set sources-4 { type ipv4_addr; elements = { 10.1.0.1 }; }
                  chain old-profile { drop; }
                  chain from-pod { ip saddr vmap @old; ip saddr @sources-4 accept; }
                  chain forward-from { type filter hook forward priority filter - 5; iifname "cali*" jump from-pod; }
                }""");
        int generation = nft.generation();
        String handle = handle();
        assertEquals(KeptTable.Outcome.CHANGED, table.sync(rich(7)));
        assertEquals(generation + 1, nft.generation(), "in one transaction");
        assertEquals(handle, handle(), "in place");
        String mended = list();
        nft("delete", "table", "inet", PolicyTable.NAME);
        new PolicyTable(nft, OPTIONS).sync(rich(7));
        assertEquals(parts(list()), parts(mended.replace("\tcomment \"of another release\"\n", "")));
    }

    private String handle() {
        return nft("-a", "list", "tables").replaceFirst("(?s).*towpath-policy # handle (\\d+).*", "$1");
    }

    @Test
    void aBaseChainThatHangsElsewhereHasTheTableMadeAnewAtOnce() throws Exception {
        nft("add table inet towpath-policy;"
                + " add chain inet towpath-policy input { type filter hook input priority 7; }");
        int generation = nft.generation();
        assertEquals(KeptTable.Outcome.CHANGED, table.sync(rich(7)));
        assertEquals(generation + 1, nft.generation());
        assertTrue(list().contains("type filter hook input priority filter - 5; policy accept;"));
    }

    @Test
    void theKernelIsTriedWithAWholeTableAndNothingIsChanged() throws Exception {
        table.sync(rich(7));
        String before = list();
        int generation = nft.generation();
        assertNull(PolicyTable.refusal(nft, OPTIONS));
        assertEquals(before, list());
        assertEquals(generation, nft.generation());
        // As a kernel without the means answers, here for a chain that cannot be, as another hangs there.
        nft("add table inet towpath-policy-sample;"
                + " add chain inet towpath-policy-sample input { type filter hook input priority 7; }");
        before = list();
        NetlinkException refused = PolicyTable.refusal(nft, OPTIONS);
        assertTrue(refused != null && refused.is(Errno.EOPNOTSUPP), () -> String.valueOf(refused));
        assertEquals(before, list());
    }

    @Test
    void strangersTablesAreLeftAlone() throws Exception {
        nft("add table inet others; add set inet others s { type ipv4_addr; elements = { 10.0.0.1 }; };"
                + " add chain inet others c { type filter hook input priority 0; };"
                + " add rule inet others c ip saddr @s accept;"
                + " add table ip towpath-policy; add chain ip towpath-policy input; add table inet towpath-hostports");
        String before = list();
        table.sync(rich(7));
        table.sync(rich(4));
        nft("delete table inet towpath-policy");
        assertEquals(before, list());
        table.sync(rich(4));
        nft("delete table inet towpath-policy");
        assertEquals(before, list());
    }

    @Test
    void othersChangesOfTheTableAreToldFromOwnOnesAndFromAnyElse() throws Exception {
        List<NftEvent> concerning = new ArrayList<>();
        try (Monitor monitor = new Monitor();
                NetNs netNs = node.open()) {
            NftEvent.subscribe(monitor, netNs, event -> {
                if (table.concerns(event)) {
                    concerning.add(event);
                }
            });
            table.sync(rich(7));
            table.sync(rich(4));
            monitor.await(10_000);
            assertEquals(List.of(), concerning, "own changes");
            nft("add table inet others; add chain inet others c");
            monitor.await(10_000);
            assertEquals(List.of(), concerning, "others' changes of their own");
            nft("add element inet towpath-policy in-1-4 { 8.8.8.8 : accept }");
            monitor.await(10_000);
            assertEquals(1, concerning.size());
            assertEquals(KeptTable.Outcome.REPAIRED, table.sync(rich(4)));
            monitor.await(10_000);
            assertEquals(1, concerning.size(), "the repair");
            assertFalse(list().contains("8.8.8.8"));
        }
    }
}
