package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.attachments.CniConf;
import io.towpath.agent.check.Finding.Verdict;
import io.towpath.agent.check.StateChecks.AnsweringAgent;
import io.towpath.agent.guard.Guard;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.sources.SourceTable;
import io.towpath.cni.sources.Sources;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.UnderlayChoice;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Ruleset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A node as an agent leaves it, and then each thing that the agent would mend. */
@NeedsRoot
class StateChecksKernelTest {
    private static final AnsweringAgent WELL = new AnsweringAgent(null, null, true);
    private static final String LINK = "cali0123456789a";
    private static final IpAddress POD = IpAddress.parse("10.64.1.2");
    private static final OwnerMark MARK = OwnerMark.of("net", "c1", "eth0");

    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();

    @BeforeEach
    void make() throws Exception {
        node.ip("link", "set", "lo", "up");
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/16", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.inside(this::agentAtWork);
    }

    @AfterEach
    void remove() {
        node.close();
    }

    private OverlayConfig files() {
        return new OverlayConfig(
                folder.resolve("cluster.json").toString(),
                folder.resolve("run").toString(),
                folder.resolve("subnet.env").toString());
    }

    private static Cluster.Node member(int number) {
        return new Cluster.Node(
                "n" + number,
                List.of(IpPrefix.parse("10.64." + number + ".0/24")),
                List.of(IpAddress.parse("192.168.0." + number)),
                null,
                null);
    }

    /** All that it makes, and one pod of its own with a host port. */
    private void agentAtWork() throws Exception {
        Cluster cluster = new Cluster(
                List.of(IpPrefix.parse("10.64.0.0/10")),
                "n1",
                UnderlayChoice.AUTOMATIC,
                Cluster.DEFAULT_VNI,
                Cluster.DEFAULT_PORT,
                0,
                false,
                false,
                false,
                List.of(member(1), member(2), member(3)));
        try (Rtnl rtnl = Rtnl.open();
                TableManager tables = TableManager.open(null, remake -> {
                    throw new AssertionError(remake);
                });
                Namespaces own = new LinuxNamespaces()) {
            DesiredOverlay overlay = new Overlay(files(), rtnl).sync(cluster).desired();
            new Guard(tables, new GuardPolicy(true, false), () -> {}).sync(overlay);
            pod(own);
            PolicyOptions options = new PolicyOptions(true, 8472, 1, 10);
            TreeMap<Endpoint, Bound> endpoints = new TreeMap<>();
            endpoints.put(new Endpoint(LINK, POD), new Bound(null, null));
            Ruleset ruleset = new Ruleset(endpoints, Set.of());
            new PolicyTable(tables, options, () -> {}).sync(ruleset);
            new PolicyTable(tables, options.onTrial(), () -> {}).sync(ruleset);
        }
    }

    private void pod(Namespaces own) throws Exception {
        node.ip("link", "add", LINK, "type", "veth", "peer", "name", "pod0");
        node.ip("link", "set", LINK, "up", "alias", MARK.aliasWithPorts());
        for (String setting : List.of("forwarding", "proxy_arp", "route_localnet")) {
            node.execute("sysctl", "-qw", "net.ipv4.conf." + LINK + "." + setting + "=1");
        }
        node.ip("route", "add", POD + "/32", "dev", LINK, "scope", "link");
        Path conflist = Files.writeString(folder.resolve("conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
                  {"type": "towpath", "Policy": {"type": "k8s"},
                   "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%s"}}]}""".formatted(folder.resolve("leases")));
        CniConf conf = Objects.requireNonNull(CniConf.read(conflist.toString()));
        HostLocal.of(conf.tree())
                .allocate(
                        new IpamConfigReader(files().stateDirectory() + "/node.json", files().subnetEnv())
                                .read(conf.tree(), ""),
                        new Attachment("c1", "eth0"));
        new HostPorts(MARK, List.of(new PortMapping(PortMapping.Protocol.TCP, 8080, 80, null)), List.of(POD))
                .open(own, _ -> true);
        SourceTable.admit(own.nft(), Sources.of(LINK, List.of(POD), null));
    }

    private List<Finding> all(@Nullable AnsweringAgent agent) throws Exception {
        List<Finding> findings = new ArrayList<>();
        node.inside(() -> findings.addAll(
                new StateChecks(files(), folder.resolve("conflist").toString(), agent).all()));
        return findings;
    }

    /** What is not well. */
    private List<Finding> faults(@Nullable AnsweringAgent agent) throws Exception {
        return all(agent).stream().filter(each -> each.verdict() != Verdict.OK).toList();
    }

    @Test
    void aNodeThatIsWell() throws Exception {
        assertEquals(List.of(), faults(WELL));
        assertEquals(11, all(WELL).size());
    }

    @Test
    void thatNoAgentRunsIsTold() throws Exception {
        List<Finding> faults = faults(null);
        assertEquals(1, faults.size(), faults::toString);
        assertEquals("agent", faults.getFirst().check());
        assertEquals(Verdict.FAIL, faults.getFirst().verdict());
        assertTrue(faults.getFirst().found().startsWith("no agent answers"), faults::toString);
    }

    /** Whoever has a cluster file may do without one. */
    @Test
    void whereNoAgentIsMeantThatNoneRunsIsAWarning() throws Exception {
        Files.writeString(folder.resolve("cluster.json"), """
                {"network": ["10.64.0.0/10"], "node": "n1", "nodes": [
                  {"name": "n1", "slices": ["10.64.1.0/24"], "addresses": ["192.168.0.1"]},
                  {"name": "n2", "slices": ["10.64.2.0/24"], "addresses": ["192.168.0.2"]}]}""");
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                assertTrue(new Overlay(files(), rtnl).sync().isDone());
            }
        });
        Finding agent = faults(null).getFirst();
        assertEquals("agent", agent.check());
        assertEquals(Verdict.WARN, agent.verdict());
    }

    @Test
    void whatTheAgentComplainsOfIsTold() throws Exception {
        assertEquals(
                List.of(Finding.fail("agent", "it is not ready: the API is away", "see what it logs")),
                faults(new AnsweringAgent("the API is away", null, true)));
        assertEquals(
                Verdict.WARN,
                faults(new AnsweringAgent(null, "left out: n3", true))
                        .getFirst()
                        .verdict());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ip route del 10.64.2.0/24                                                   | overlay-entries | 10.64.2.0/24
            ip neigh del 10.64.2.0 dev flannel.1                                        | overlay-entries | 10.64.2.0
            bridge fdb flush dev flannel.1                                              | overlay-entries | 192.168.0.2
            ip address flush dev flannel.1                                              | overlay-entries | 10.64.1.0
            ip link set flannel.1 mtu 1300                                              | overlay-entries | mtu
            ip link set flannel.1 down                                                  | overlay-entries | flannel.1
            ip link del flannel.1                                                       | overlay-entries | link add flannel.1
            ip route add 10.64.77.0/24 via 10.64.77.0 dev flannel.1 onlink              | overlay-entries | 10.64.77.0/24
            ip route prepend blackhole 10.64.2.0/24                                     | routing         | the kernel takes the route blackhole 10.64.2.0/24 before
            ip rule add pref 100 to 10.64.0.0/10 type blackhole                             | routing         | 10.64.0.0/10
            nft delete table inet towpath-overlay                                       | overlay-table   | there is no nftables table inet towpath-overlay
            nft flush chain inet towpath-overlay input                                  | overlay-table   | input
            nft delete element inet towpath-overlay peers4 { 192.168.0.2 }              | overlay-table   | peers4
            nft insert rule inet towpath-overlay input udp dport 8472 accept            | overlay-table   | input
            nft 'add table inet towpath-overlay { flags dormant; }'                     | overlay-table   | towpath-overlay
            nft delete table inet towpath-policy                                        | policy-table    | policies are not in force: there is no nftables table inet towpath-policy
            nft flush chain inet towpath-policy forward-from                            | policy-table    | its chain forward-from has other rules
            nft insert rule inet towpath-policy to-pod accept                           | policy-table    | its chain to-pod has other rules
            nft 'add table inet towpath-policy { flags dormant; }'                      | policy-table    | it is dormant
            nft flush set inet towpath-policy sources-4                                 | policy-table    | it knows one pod not, to which all is denied: cali0123456789a
            nft flush chain inet towpath-policy-trial forward-to                        | policy-table    | towpath-policy-trial is not as it must be: its chain forward-to
            nft delete table netdev towpath-sources                                     | pod-sources     | netdev towpath-sources does not check what comes in by cali0123456789a
            nft insert rule netdev towpath-sources cali0123456789a accept               | pod-sources     | cali0123456789a
            nft 'add table netdev towpath-sources { flags dormant; }'                   | pod-sources     | cali0123456789a
            nft delete table inet towpath-hostports                                     | host-ports      | there is no such table, and the host ports of the pod with link cali0123456789a are gone
            nft flush chain inet towpath-hostports prerouting                           | host-ports      | it has not the sets, chains and rules
            nft flush map inet towpath-hostports ipv4; nft flush set inet towpath-hostports hairpin-ipv4 | host-ports | the host ports of the pod with link cali0123456789a are gone
            ip route del 10.64.1.2/32                                                   | pods            | no route to 10.64.1.2 by cali0123456789a
            ip link set cali0123456789a down                                            | pod-links       | cali0123456789a is down
            echo 0 >/proc/sys/net/ipv4/conf/cali0123456789a/proxy_arp                   | pod-links       | cali0123456789a has proxy_arp off
            echo 0 >/proc/sys/net/ipv4/conf/cali0123456789a/forwarding                  | pod-links       | cali0123456789a has forwarding off
            echo 0 >/proc/sys/net/ipv4/conf/cali0123456789a/route_localnet              | pod-links       | cali0123456789a has route_localnet off
            """)
    void whatKeepsPacketsFromPodsIsAFailure(String damage, String check, String part) throws Exception {
        node.execute("sh", "-c", damage);
        for (@Nullable AnsweringAgent agent : Arrays.asList(WELL, null)) {
            List<Finding> faults = faults(agent).stream()
                    .filter(each -> !each.check().equals("agent"))
                    .toList();
            assertEquals(1, faults.size(), faults::toString);
            Finding fault = faults.getFirst();
            assertEquals(check, fault.check(), fault::toString);
            assertEquals(Verdict.FAIL, fault.verdict());
            assertTrue(fault.found().contains(part), fault::toString);
            assertTrue(!fault.mend().isEmpty(), fault::toString);
        }
    }

    private void requireFault(String check, String part) throws Exception {
        List<Finding> faults = faults(WELL);
        assertEquals(1, faults.size(), faults::toString);
        assertEquals(check, faults.getFirst().check());
        assertEquals(Verdict.FAIL, faults.getFirst().verdict());
        assertTrue(faults.getFirst().found().contains(part), faults::toString);
    }

    @Test
    void aPodOfASliceThatTheNodeHadBefore() throws Exception {
        Files.writeString(folder.resolve("leases/net/10.64.9.5"), "c1\r\neth0");
        node.ip("route", "add", "10.64.9.5/32", "dev", LINK, "scope", "link");
        requireFault("pod-ranges", "10.64.9.5");
    }

    @Test
    void aLockThatIsADirectory() throws Exception {
        Path lock = folder.resolve("leases/net/lock");
        Files.deleteIfExists(lock);
        Files.createDirectory(lock);
        requireFault("pods", lock + " is a directory");
    }

    @Test
    void leasesOfAnotherNetwork() throws Exception {
        Path other = Files.createDirectories(folder.resolve("leases/cbr0"));
        Files.writeString(folder.resolve("leases/file"), "no network");
        Files.writeString(other.resolve("last_reserved_ip.0"), "10.64.1.9");
        Files.writeString(other.resolve("172.17.0.9"), "c2\r\neth0");
        assertEquals(List.of(), faults(WELL));
        Files.writeString(other.resolve("10.64.1.9"), "c3\r\neth0");
        requireFault(
                "other-leases",
                "the network cbr0 has leases inside this node's slices, so two pods may get one"
                        + " address: 10.64.1.9");
    }

    @Test
    void aLeaseThatIsGone() throws Exception {
        try (var leases = Files.walk(folder.resolve("leases"))) {
            for (Path each : leases.filter(Files::isRegularFile).toList()) {
                Files.delete(each);
            }
        }
        assertEquals("pods", faults(WELL).getFirst().check());
    }

    @Test
    void withoutPoliciesThereIsNoTable() throws Exception {
        node.execute("nft", "delete table inet towpath-policy; delete table inet towpath-policy-trial");
        assertEquals(List.of(), faults(new AnsweringAgent(null, null, false)));
    }

    @Test
    void withoutAClusterNothingIsSaidToBeWell() throws Exception {
        try (var files = Files.walk(folder.resolve("run"))) {
            for (Path each : files.filter(Files::isRegularFile).toList()) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        List<String> unknown = faults(WELL).stream().map(Finding::check).toList();
        assertEquals(List.of("overlay-entries", "routing", "overlay-table"), unknown);
    }
}
