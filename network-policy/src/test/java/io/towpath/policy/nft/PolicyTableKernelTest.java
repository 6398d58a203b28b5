package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NeedsRoot
class PolicyTableKernelTest extends PolicyTableScene {
    PolicyTableKernelTest() throws NetlinkException {}

    @Test
    void nftListsTheTableAndLoadsItsListing(@TempDir Path folder) throws Exception {
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(rich(7)));
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
        PolicyTable restarted = table(OPTIONS);
        restarted.sync(rich(7));
        assertEquals(listed, list());
        assertFalse(restarted.sent().contains("element"), restarted::sent);
    }

    @Test
    void aSecondSyncWritesNothingAndARestartNeither() throws Exception {
        table.sync(rich(7));
        int generation = nft.generation();
        assertEquals(ManagedTable.Outcome.STOOD, table.sync(rich(7)));
        assertEquals("", table.sent());
        assertEquals(ManagedTable.Outcome.STOOD, table(OPTIONS).sync(rich(7)));
        assertEquals(generation, nft.generation());
        nft("add table inet others");
        assertEquals(ManagedTable.Outcome.STOOD, table.sync(rich(7)));
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
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(more));
        assertEquals("element add inet towpath-policy in-1-4 { 0x0200020a : accept }\n", table.sent());
        Ruleset fewer = new Rulesets()
                .with(endpoint, Rulesets.profile("in-1", Direction.INGRESS, before), null)
                .build();
        PolicyTable restarted = table(OPTIONS);
        assertEquals(ManagedTable.Outcome.CHANGED, restarted.sync(fewer), "also after a restart");
        restarted.sync(more);
        restarted.sync(fewer);
        assertEquals("element delete inet towpath-policy in-1-4 { 0x0200020a : accept }\n", restarted.sent());
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
}
