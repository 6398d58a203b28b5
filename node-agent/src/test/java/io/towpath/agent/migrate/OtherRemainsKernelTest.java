package io.towpath.agent.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.Rtnl;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node with the rules of Canal, flannel, portmap, kube-proxy and the kubelet, in both variants of iptables, whose programs are witnesses. */
@NeedsRoot
class OtherRemainsKernelTest {
    private static final List<IpPrefix> SLICES = List.of(IpPrefix.parse("10.244.1.0/24"));
    private static final String DEAD = "d".repeat(64);
    private static final String LIVE = "a".repeat(64);

    /** With what must go marked, and T for a table of flannel's. */
    private static final List<String> RULES = List.of(
            "canal -t filter -N cali-FORWARD",
            "canal -t filter -N cali-tw-x",
            "other -t filter -N KUBE-FORWARD",
            "proxy -t filter -N KUBE-SERVICES",
            "other -t filter -N KUBE-FIREWALL",
            "other -t mangle -N KUBE-KUBELET-CANARY",
            "flannel -t filter -N FLANNEL-FWD",
            "flannel -t nat -N FLANNEL-POSTRTG",
            "proxy -t nat -N KUBE-SVC-CALI",
            "dead -t nat -N CNI-DN-00000000000000dead",
            "live -t nat -N CNI-DN-0000000000000a11fe",
            "live -t nat -N CNI-HOSTPORT-DNAT",
            "live -t nat -N CNI-HOSTPORT-MASQ",
            "canal -t filter -A FORWARD -m comment --comment cali:one -j cali-FORWARD",
            "canal -t filter -A cali-FORWARD -m comment --comment cali:two -j cali-tw-x",
            "canal -t filter -A FORWARD -m comment --comment cali:three -m comment --comment \"Policy explicitly accepted"
                    + " packet.\" -m mark --mark 0x10000/0x10000 -j ACCEPT",
            "other -t filter -A FORWARD -m comment --comment \"shop/localization cali-web\" -j ACCEPT",
            "proxy -t filter -A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-SERVICES",
            "other -t filter -A INPUT -j KUBE-FIREWALL",
            "flannel -t filter -A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD",
            "flannel -t nat -A POSTROUTING -m comment --comment \"flanneld masq\" -j FLANNEL-POSTRTG",
            "proxy -t nat -A PREROUTING -m comment --comment \"default/scaling:cali\" -j KUBE-SVC-CALI",
            "dead -t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: \"k8s-pod-network\" id: \"" + DEAD
                    + "\"' -m multiport --dports 8080 -j CNI-DN-00000000000000dead",
            "live -t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: \"k8s-pod-network\" id: \"" + LIVE
                    + "\"' -m multiport --dports 8081 -j CNI-DN-0000000000000a11fe",
            "other -t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: \"podman\" id: \"" + DEAD
                    + "\"' -m multiport --dports 8082 -j ACCEPT",
            "live -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
            "other -t nat -A POSTROUTING -j MASQUERADE");

    private final TestNamespace node = new TestNamespace();

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        node.close();
    }

    private void make(String program, Set<String> without) {
        for (String rule : RULES) {
            int space = rule.indexOf(' ');
            if (!without.contains(rule.substring(0, space))) {
                node.execute("sh", "-c", program + rule.substring(space));
            }
        }
    }

    private List<String> saved(String program) {
        return node.execute(program + "-save")
                .lines()
                .filter(line -> !line.startsWith("#"))
                .sorted()
                .toList();
    }

    private List<Part> clear(OtherNetwork network, PodPorts ports, boolean dryRun) throws Exception {
        AtomicReference<List<Part>> parts = new AtomicReference<>(List.of());
        node.inside(() ->
                parts.set(new OtherRemains(network, dryRun).clearFilters(ports, SLICES, folder + "/xtables.lock")));
        return Objects.requireNonNull(parts.get());
    }

    private static PodPorts ports(Set<String> live) {
        return new PodPorts("k8s-pod-network", live::contains);
    }

    /** What is removed leaves the table as if it had never been there. */
    @ParameterizedTest
    @ValueSource(strings = {"iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft"})
    void canalsRulesGoAndNoOthers(String program) throws Exception {
        make(program, Set.of("canal", "flannel", "dead"));
        List<String> wanted = saved(program);
        node.execute(
                "sh", "-c", "for t in filter nat mangle; do " + program + " -t $t -F; " + program + " -t $t -X; done");
        make(program, Set.of());
        List<String> all = saved(program);

        List<Part> told = clear(OtherNetwork.CANAL, ports(Set.of(LIVE)), true);
        assertEquals(all, saved(program));
        List<Part> done = clear(OtherNetwork.CANAL, ports(Set.of(LIVE)), false);
        assertEquals(told, done);
        assertEquals(wanted, saved(program));
        assertEquals(List.of(), clear(OtherNetwork.CANAL, ports(Set.of(LIVE)), false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-legacy", "ip6tables-nft"})
    void kubeProxysRulesGoAndNotTheKubelets(String program) throws Exception {
        make(program, Set.of("proxy"));
        // A chain of kube-proxy's without rules, so that it is told by its name alone.
        List<String> wanted = saved(program).stream()
                .filter(line -> !line.startsWith(":KUBE-FORWARD"))
                .toList();
        node.execute(
                "sh", "-c", "for t in filter nat mangle; do " + program + " -t $t -F; " + program + " -t $t -X; done");
        make(program, Set.of());
        clear(OtherNetwork.KUBE_PROXY, PodPorts.NONE, false);
        assertEquals(wanted, saved(program));
    }

    /** The last pod with ports takes portmap's common chains with it, unless somebody else's lead by them. */
    @ParameterizedTest
    @ValueSource(strings = {"iptables-legacy", "iptables-nft"})
    void theLastPodsPortsTakeThePlumbingAlong(String program) throws Exception {
        make(program, Set.of("other"));
        clear(OtherNetwork.CANAL, ports(Set.of()), false);
        assertTrue(
                saved(program).stream().noneMatch(line -> line.contains("CNI-")),
                saved(program).toString());
    }

    @Test
    void tablesAndSetsGoByTheirNames() throws Exception {
        for (String table : List.of(
                "ip flannel-ipv4",
                "ip6 flannel-ipv6",
                "ip calico",
                "arp calico-arp",
                "ip kube-proxy",
                "inet calico-x")) {
            node.execute("nft", "add table " + table);
        }
        node.execute("ipset", "create", "cali40s:abc", "hash:net");
        node.execute("ipset", "create", "cali60s:abc", "hash:net", "family", "inet6");
        node.execute("ipset", "create", "calico-users-own", "hash:net");
        node.execute("iptables-nft", "-N", "cali-x");
        node.execute("iptables-nft", "-A", "cali-x", "-m", "set", "--match-set", "cali40s:abc", "src", "-j", "DROP");
        node.execute("iptables-legacy", "-N", "cali-x");
        node.execute("iptables-legacy", "-A", "cali-x", "-m", "set", "--match-set", "cali40s:abc", "src", "-j", "DROP");
        clear(OtherNetwork.CANAL, PodPorts.NONE, false);
        assertEquals(
                Set.of("table ip filter", "table ip kube-proxy", "table inet calico-x"),
                Set.copyOf(node.execute("nft", "list", "tables").lines().toList()));
        assertEquals("calico-users-own", node.execute("ipset", "list", "-name"));
    }

    @Test
    void portmapsRulesOfNftablesGoWithTheirContainers() throws Exception {
        List<String> commands = new ArrayList<>(List.of(
                "add table ip cni_hostport",
                "add chain ip cni_hostport hostports",
                "add rule ip cni_hostport hostports tcp dport 80 accept"));
        Stream.of(LIVE + " 10.244.1.5", DEAD + " 10.244.1.6", "e".repeat(64) + " 10.88.0.6")
                .forEach(each -> {
                    String[] pair = each.split(" ", -1);
                    commands.add("add rule ip cni_hostport hostports tcp dport 8080 dnat to " + pair[1]
                            + ":80 comment \"" + pair[0] + "\"");
                });
        commands.set(1, "add chain ip cni_hostport hostports { type nat hook prerouting priority -100; }");
        commands.forEach(command -> node.execute("nft", command));
        clear(OtherNetwork.FLANNEL, ports(Set.of(LIVE)), false);
        String left = node.execute("nft", "list", "table", "ip", "cni_hostport");
        assertTrue(left.contains(LIVE) && !left.contains(DEAD) && left.contains("10.88.0.6"), left);
        node.execute(
                "sh",
                "-c",
                "nft delete rule ip cni_hostport hostports handle $(nft -a list table ip cni_hostport | sed -n"
                        + " 's/.*10.88.*handle //p')");
        clear(OtherNetwork.FLANNEL, ports(Set.of()), false);
        assertEquals("", node.execute("nft", "list", "tables"));
    }

    /** A kernel without dummy links, as some have, has none of kube-proxy's. */
    @Test
    void kubeProxysLinkIsToldByNameAndKind() throws Exception {
        for (String kind : List.of("bridge", "dummy")) {
            assertEquals(kind.equals("dummy"), OtherNetwork.KUBE_PROXY.ownsLink("kube-ipvs0", kind));
            assertFalse(OtherNetwork.KUBE_PROXY.ownsLink("kube-ipvs1", kind));
        }
        node.ip("link", "add", "kube-ipvs0", "type", "bridge");
        node.inside(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                assertEquals(List.of(), new OtherRemains(OtherNetwork.KUBE_PROXY, false).clearLinks(rtnl));
            }
        });
        assertTrue(node.show("link").toString().contains("kube-ipvs0"));
    }

    @Test
    void servicesOfIpvsAreCounted() {
        assertEquals(3, IpvsServices.count("""
                IP Virtual Server version 1.2.1 (size=4096)
                Prot LocalAddress:Port Scheduler Flags
                  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
                TCP  0A600001:01BB rr\s\s
                  -> C0A83C01:192B      Masq    1      1          0\s\s\s\s\s\s\s\s\s
                UDP  [fd00:0010:0096:0000:0000:0000:0000:000a]:0035 rr\s\s
                FWM  00000007 wlc\s
                """));
        assertEquals(0, IpvsServices.count(""));
    }

    @Test
    void flannelsBridgeGoesAndTellsItsPods() throws Exception {
        node.ip("link", "add", "cni0", "type", "bridge");
        node.ip("link", "add", "veth1", "type", "veth", "peer", "name", "pod1");
        node.ip("link", "set", "veth1", "master", "cni0");
        node.ip("link", "add", "docker0", "type", "bridge");
        node.inside(() -> {
            OtherRemains remains = new OtherRemains(OtherNetwork.FLANNEL, false);
            try (Rtnl rtnl = Rtnl.open()) {
                assertEquals(List.of("veth1"), remains.pods(rtnl));
                remains.clearLinks(rtnl);
                assertEquals(List.of(), remains.pods(rtnl));
                assertEquals(List.of(), remains.clearLinks(rtnl));
            }
        });
        assertTrue(node.show("link").toString().contains("docker0"));
        assertTrue(!node.show("link").toString().contains("\"cni0\""));
    }
}
