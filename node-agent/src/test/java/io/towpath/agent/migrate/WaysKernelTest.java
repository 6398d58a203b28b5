package io.towpath.agent.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node goes to Towpath from another network, and back. */
@NeedsRoot
class WaysKernelTest extends WayScene {
    @Test
    void fromCanalRulesGoAndTheConflistIsKeptForTheWayBack() throws Exception {
        write("net.d/10-canal.conflist", CANAL);
        node.execute("iptables-nft", "-N", "cali-FORWARD");
        node.execute("iptables-nft", "-A", "FORWARD", "-j", "cali-FORWARD");
        pod(2);
        Report planned = go(own -> new WayHere(own, places(), OtherNetwork.CANAL, true).go(false));
        assertEquals(List.of("10-canal.conflist", "10-towpath.conflist"), names("net.d"));
        assertEquals(planned.parts(), from(OtherNetwork.CANAL, false).parts());
        assertEquals(List.of("10-towpath.conflist"), names("net.d"));
        assertFalse(node.execute("iptables-nft-save").contains("cali"));
        assertEquals(List.of(), from(OtherNetwork.CANAL, false).parts());

        // Canal's agents come back between the two.
        back(true);
        assertEquals(List.of("10-canal.conflist"), names("net.d"));
        assertEquals(CANAL, read("net.d/10-canal.conflist"));
        assertEquals(5, tables().size());
        canalsPolicies("iptables-nft");
        back(false);
        assertEquals(List.of("table inet others"), tables());
        assertEquals(List.of("loopback"), names("bin"));
        assertEquals(List.of(), names("run"));
        assertEquals(List.of(), names("cache"));
        // A pod that runs keeps link and lease.
        assertEquals(
                List.of("10.244.1.2"),
                names("cni/networks/k8s-pod-network").stream()
                        .filter(name -> name.startsWith("10."))
                        .toList());
        assertTrue(node.show("link").toString().contains("cali00000000002"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-legacy", "ip6tables-legacy", "iptables-nft", "nft"})
    void backToCanalPoliciesStayUntilItsOwnAreInForce(String program) throws Exception {
        write("cache/migrate/canal/10-canal.conflist", CANAL);
        node.execute("iptables-legacy", "-A", "FORWARD", "-j", "ACCEPT");
        node.execute("nft", "add table ip calico");
        NotYetException early = assertThrows(NotYetException.class, () -> back(false));
        assertTrue(String.valueOf(early.getMessage()).contains("policies of canal"), early.getMessage());
        assertTrue(tables().contains("table inet towpath-policy"), tables().toString());
        assertEquals(List.of("10-towpath.conflist"), names("net.d"));
        canalsPolicies(program);
        back(false);
        assertFalse(tables().contains("table inet towpath-policy"), tables().toString());
    }

    /** Its agent was never ready, so nothing of the other network was put aside; and once more, when the node is back already. */
    @Test
    void aWayHereThatStoppedLeadsBack() throws Exception {
        write("net.d/10-canal.conflist", CANAL);
        canalsPolicies("nft");
        back(true);
        assertEquals(List.of("10-canal.conflist"), names("net.d"));
        back(false);
        assertEquals(List.of("table inet others", "table ip calico"), tables());
        assertEquals(List.of(), back(false).parts());
        assertEquals(CANAL, read("net.d/10-canal.conflist"));
    }

    @Test
    void withoutOurConflistNothingIsTakenAway() throws Exception {
        write("net.d/10-canal.conflist", CANAL);
        Files.delete(disk.resolve("net.d/10-towpath.conflist"));
        IOException refused = assertThrows(IOException.class, () -> from(OtherNetwork.CANAL, false));
        assertTrue(String.valueOf(refused.getMessage()).contains("wait until"), refused.getMessage());
        assertEquals(List.of("10-canal.conflist"), names("net.d"));
        // Before the agent is there, one may look at what would go.
        Report planned = go(own -> new WayHere(own, places(), OtherNetwork.CANAL, true).go(false));
        assertTrue(planned.parts().toString().contains("10-canal.conflist"), planned.toString());
    }

    @Test
    void fromFlannelLeasesComeAlongAndPodsAreWaitedFor() throws Exception {
        write("net.d/10-flannel.conflist", FLANNEL);
        write("cni/flannel/c5", "{}");
        lease("cbr0", 5);
        node.ip("link", "add", "cni0", "type", "bridge");
        node.ip("link", "add", "veth5", "type", "veth", "peer", "name", "pod5");
        node.ip("link", "set", "veth5", "master", "cni0");
        node.execute("nft", "add table ip flannel-ipv4");

        Report handedOver = from(OtherNetwork.FLANNEL, true);
        assertTrue(
                handedOver.notes().toString().contains("pods that are on cni0 still: 1"),
                handedOver.notes().toString());
        assertEquals(List.of("10-towpath.conflist"), names("net.d"));
        assertEquals("c5\r\neth0", read("cni/networks/k8s-pod-network/10.244.1.5"));

        assertEquals("1", node.execute("cat", "/proc/sys/net/ipv4/conf/cni0/proxy_arp"));
        IOException refused = assertThrows(IOException.class, () -> from(OtherNetwork.FLANNEL, false));
        assertTrue(String.valueOf(refused.getMessage()).contains("veth5"), refused.getMessage());
        assertTrue(node.show("link").toString().contains("\"cni0\""));
        assertTrue(tables().contains("table ip flannel-ipv4"));

        // Its DEL comes by Towpath, and another pod gets the address.
        node.ip("link", "delete", "veth5");
        write("cni/networks/k8s-pod-network/10.244.1.5", "c6\r\neth0");
        from(OtherNetwork.FLANNEL, false);
        assertFalse(node.show("link").toString().contains("\"cni0\""));
        assertFalse(tables().contains("table ip flannel-ipv4"));
        assertEquals(List.of(), names("cni/networks/cbr0"));
        assertEquals(List.of(), names("cni/flannel"));
        assertEquals("c6\r\neth0", read("cni/networks/k8s-pod-network/10.244.1.5"));
    }

    @Test
    void anAddressThatBothNetworksHaveLeasedStopsTheWay() throws Exception {
        write("net.d/10-flannel.conflist", FLANNEL);
        lease("cbr0", 5);
        write("cni/networks/k8s-pod-network/10.244.1.5", "another\r\neth0");
        IOException refused = assertThrows(IOException.class, () -> from(OtherNetwork.FLANNEL, false));
        assertTrue(String.valueOf(refused.getMessage()).contains("[10.244.1.5]"), refused.getMessage());
    }

    @Test
    void backToFlannelNoAddressOfAPodThatRunsIsLeasedAgain() throws Exception {
        write("cache/migrate/flannel/10-flannel.conflist", FLANNEL);
        pod(5);
        back(true);
        assertEquals(List.of("10-flannel.conflist"), names("net.d"));
        assertEquals("c5\r\neth0", read("cni/networks/cbr0/10.244.1.5"));
        IOException refused = assertThrows(IOException.class, () -> back(false));
        assertTrue(String.valueOf(refused.getMessage()).contains("cali00000000005"), refused.getMessage());
        assertEquals(5, tables().size());
        assertEquals("executable", read("bin/towpath"));

        node.ip("link", "delete", "cali00000000005");
        // A pod that came by flannel meanwhile.
        lease("cbr0", 7);
        write("cni/flannel/c7", "{}");
        back(false);
        assertEquals(List.of("table inet others"), tables());
        assertFalse(Files.exists(disk.resolve("cni/networks/cbr0/10.244.1.5")));
        assertTrue(Files.exists(disk.resolve("cni/networks/cbr0/10.244.1.7")));
    }

    @Test
    void backFromNowhereIsAnError() {
        IOException refused = assertThrows(IOException.class, () -> back(false));
        assertTrue(String.valueOf(refused.getMessage()).contains("uninstall"), refused.getMessage());
        assertEquals(5, tables().size());
    }

    @Test
    void hostPortsStayForPodsThatRunAndGoWithThem() throws Exception {
        write("cache/migrate/canal/10-canal.conflist", CANAL);
        pod(2);
        ports(2);
        ports(3);
        canalsPolicies("iptables-legacy");
        Report report = back(false);
        assertTrue(
                report.notes().toString().contains("run this again"),
                report.notes().toString());
        String table = node.execute("nft", "list", "table", "inet", "towpath-hostports");
        assertTrue(table.contains("8002") && !table.contains("8003"), table);
        node.ip("link", "delete", "cali00000000002");
        assertEquals(List.of(), back(false).notes());
        assertEquals(List.of("table inet others"), tables());
        assertEquals(List.of(), names("cache"));
    }
}
