package io.towpath.agent.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node on its way from Canal and from flannel, back, and out. */
@NeedsRoot
class WaysKernelTest {
    private static final String CANAL = """
            {"name": "k8s-pod-network", "cniVersion": "1.0.0", "plugins": [
              {"type": "calico", "ipam": {"type": "host-local", "subnet": "usePodCidr"}}, {"type": "portmap"}]}
            """;
    private static final String FLANNEL = """
            {"name": "cbr0", "cniVersion": "1.0.0", "plugins": [
              {"type": "flannel", "delegate": {"isDefaultGateway": true}}, {"type": "portmap"}]}
            """;
    private static final String OWN = """
            {"name": "k8s-pod-network", "cniVersion": "1.0.0", "plugins": [
              {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr"}}]}
            """;

    @TempDir
    private Path disk;

    private final TestNamespace node = new TestNamespace();

    @BeforeEach
    void make() throws IOException {
        write("net.d/10-towpath.conflist", OWN);
        write("bin/towpath", "executable");
        write("bin/loopback", "others");
        write("run/node.json", "{\"slices\":[\"10.244.1.0/24\"],\"mtu\":1450}");
        write("cache/cluster.json", "{}");
        for (String table : List.of(
                "inet towpath-overlay",
                "inet towpath-policy",
                "inet towpath-policy-trial",
                "netdev towpath-sources",
                "inet others")) {
            node.execute("nft", "add table " + table);
        }
    }

    @AfterEach
    void close() {
        node.close();
    }

    private void write(String file, String content) throws IOException {
        Path path = disk.resolve(file);
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        Files.writeString(path, content);
    }

    private String read(String file) throws IOException {
        return Files.readString(disk.resolve(file));
    }

    private List<String> names(String folder) throws IOException {
        if (!Files.isDirectory(disk.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(disk.resolve(folder))) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    /** Without those of iptables-nft. */
    private List<String> tables() {
        return node.execute("nft", "list", "tables")
                .lines()
                .filter(line -> !line.startsWith("table ip filter"))
                .sorted()
                .toList();
    }

    private Places places() {
        return new Places(
                disk + "/net.d",
                disk + "/bin",
                disk + "/cni",
                disk + "/run",
                disk + "/cache",
                disk + "/subnet.env",
                disk + "/xtables.lock");
    }

    private interface Way {
        Report go(Namespaces node) throws IOException;
    }

    private Report go(Way way) throws Exception {
        AtomicReference<Report> report = new AtomicReference<>();
        try {
            node.inside(() -> {
                try (Namespaces own = new LinuxNamespaces()) {
                    report.set(way.go(own));
                }
            });
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : e;
        }
        return Objects.requireNonNull(report.get());
    }

    private Report from(OtherNetwork network, boolean handOver) throws Exception {
        return go(own -> new WayHere(own, places(), network, false).go(handOver));
    }

    private Report back(boolean handOver) throws Exception {
        return go(own -> new WayOut(own, places(), false).back(handOver));
    }

    /** A pod's link and lease. */
    private void pod(int number) throws IOException {
        node.ip("link", "add", "cali0000000000" + number, "type", "veth", "peer", "name", "pod" + number);
        node.ip(
                "link",
                "set",
                "cali0000000000" + number,
                "up",
                "alias",
                "towpath/k8s-pod-network/c" + number + "/eth0");
        lease("k8s-pod-network", number);
    }

    private void lease(String network, int number) throws IOException {
        write("cni/networks/" + network + "/10.244.1." + number, "c" + number + "\r\neth0");
    }

    private void ports(int number) throws Exception {
        OwnerMark mark = OwnerMark.of("k8s-pod-network", "c" + number, "eth0");
        PortMapping mapping = new PortMapping(PortMapping.Protocol.TCP, 8000 + number, 80, null);
        node.inside(() -> {
            try (Namespaces own = new LinuxNamespaces()) {
                new HostPorts(mark, List.of(mapping), List.of(IpAddress.parse("10.244.1." + number)))
                        .open(own, _ -> true);
            }
        });
    }

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

    /** As Calico's agent has them, by either variant of iptables, or in tables of its own. */
    private void canalsPolicies(String program) {
        if (program.equals("nft")) {
            node.execute("nft", "add table ip calico");
            node.execute("nft", "add chain ip calico filter-cali-FORWARD");
            node.execute("nft", "add chain ip calico filter-FORWARD { type filter hook forward priority 0; }");
            node.execute("nft", "add rule ip calico filter-FORWARD jump filter-cali-FORWARD");
        } else {
            node.execute(program, "-N", "cali-FORWARD");
            node.execute(program, "-A", "FORWARD", "-j", "cali-FORWARD");
        }
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

    @Test
    void anUninstallLeavesPodsThatRunAndSaysWhatFollows() throws Exception {
        pod(2);
        Report planned = go(own -> new WayOut(own, places(), true).leave(false, false));
        assertEquals(6, tables().size() + names("net.d").size());
        Report report = go(own -> new WayOut(own, places(), false).leave(false, false));
        assertEquals(planned, report);
        String notes = report.notes().toString();
        assertTrue(notes.contains("masquerading") && notes.contains("tells no plugin"), notes);
        assertEquals(List.of("table inet others"), tables());
        assertEquals(List.of(), names("net.d"));
        assertEquals(List.of("loopback"), names("bin"));
        assertTrue(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.2")));
        assertTrue(node.show("link").toString().contains("cali00000000002"));
    }

    /** What the first run left for pods that ran is found by the second, though the runtime has no conflist any more. */
    @Test
    void podsThatStayedAtFirstGoOnDemandLater() throws Exception {
        write("subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\n");
        pod(2);
        lease("k8s-pod-network", 3); // of a pod that has ended, which nobody was told of
        go(own -> new WayOut(own, places(), false).leave(false, false));
        assertEquals(List.of(), names("net.d"));
        assertFalse(Files.exists(disk.resolve("subnet.env")));
        Report planned = go(own -> new WayOut(own, places(), true).leave(false, true));
        Report report = go(own -> new WayOut(own, places(), false).leave(false, true));
        assertEquals(
                new Part("lease", List.of("10.244.1.2", "10.244.1.3")),
                planned.parts().getFirst());
        assertEquals(planned.parts().getFirst(), report.parts().getFirst());
        for (int number : List.of(2, 3)) {
            assertFalse(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1." + number)));
        }
        assertFalse(node.show("link").toString().contains("cali00000000002"));
        assertEquals(List.of(), names("cache"));
    }

    /** Canal's network has the same name, and its pods run on. */
    @Test
    void leasesOfAnotherNetworksPodsStay() throws Exception {
        write("net.d/10-canal.conflist", CANAL);
        write("subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\n");
        pod(2);
        lease("k8s-pod-network", 3);
        go(own -> new WayOut(own, places(), false).leave(true, true));
        assertFalse(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.2")));
        assertTrue(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.3")));
        assertTrue(Files.exists(disk.resolve("subnet.env")));
        assertEquals(List.of("10-canal.conflist"), names("net.d"));
        assertEquals(List.of(), names("cache"));
    }

    @Test
    void onDemandPodsAndDevicesGoToo() throws Exception {
        write("net.d/99-others.conflist", "{\"name\": \"others\", \"plugins\": [{\"type\": \"bridge\"}]}");
        pod(2);
        ports(2);
        node.ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472");
        node.ip("link", "add", "vxlan9", "type", "vxlan", "id", "9", "dstport", "4789");
        Report report = go(own -> new WayOut(own, places(), false).leave(true, true));
        assertEquals(List.of(), report.notes());
        String links = node.show("link").toString();
        assertFalse(links.contains("cali0") || links.contains("flannel.1"), links);
        assertTrue(links.contains("vxlan9"), links);
        assertEquals(List.of("table inet others"), tables());
        assertFalse(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.2")));
    }
}
