package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.guard.GuardScene.Addresses;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The table on the real kernel, with real packets, and {@code nft} as the witness and the breaker. */
@NeedsRoot
class GuardKernelTest {
    private static final int FRAMES = 3;
    private static final GuardPolicy POLICY = new GuardPolicy(true, true);
    private static final GuardPolicy SOURCES_KEPT = new GuardPolicy(true, false);

    static final List<Addresses> FAMILIES = List.of(GuardScene.V4, GuardScene.V6);

    @TempDir
    private Path folder;

    private GuardScene scene;
    private Nft nft;
    private TableManager tables;

    @BeforeEach
    void connect() throws Exception {
        scene = new GuardScene(folder);
        try (NetNs node = scene.node.open()) {
            nft = Nft.open(node);
            tables = TableManager.open(node, System.out::println);
        }
    }

    @AfterEach
    void remove() throws Exception {
        nft.close();
        tables.close();
        scene.close();
    }

    private Guard guard(GuardPolicy policy) throws Exception {
        Guard guard = new Guard(tables, policy, () -> {});
        guard.sync(scene.overlay);
        return guard;
    }

    /** The table without what packets change. */
    private String list() {
        return scene.nft("-s", "list", "ruleset");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void nobodyButPeersGetsFramesIntoTheOverlay(Addresses at) throws Exception {
        assertTrue(fromPod(at) > 0, "without the table a pod's frames enter, or this test shows nothing");
        assertTrue(fromStranger(at) > 0, "without the table a stranger's frames enter");
        assertTrue(fromPodToPeer(at, at.peer()) > 0, "without the table a pod's frames enter at other nodes");
        assertTrue(fromPodToPeer(at, at.stranger()) > 0, "also by an address of theirs that no cluster knows of");

        Guard guard = guard(POLICY);
        assertEquals(0, fromPod(at));
        assertEquals(0, fromStranger(at));
        assertEquals(0, fromPodToPeer(at, at.peer()));
        assertEquals(0, fromPodToPeer(at, at.stranger()));
        assertEquals(4 * FRAMES, guard.dropped());
        assertEquals(FRAMES, scene.entering(scene.peer, at.peer(), scene.node, at.node(), FRAMES));
        assertEquals(
                at.pod(),
                GuardScene.arriving(scene.pod, at.pod(), scene.peer, at.remotePod()),
                "pods reach each other through the tunnel");
    }

    private long fromPod(Addresses at) throws Exception {
        return scene.entering(scene.pod, at.pod(), scene.node, at.node(), FRAMES);
    }

    private long fromStranger(Addresses at) throws Exception {
        return scene.entering(scene.peer, at.stranger(), scene.node, at.node(), FRAMES);
    }

    private long fromPodToPeer(Addresses at, String address) throws Exception {
        return scene.entering(scene.pod, at.pod(), scene.peer, address, FRAMES);
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void packetsGetTheNodesAddressWhereTheyDoWithFlannel(Addresses at) throws Exception {
        assertEquals(at.pod(), fromPodTo(at.stranger(), at));
        guard(POLICY);
        assertEquals(at.node(), fromPodTo(at.stranger(), at), "to the outside");
        assertEquals(at.pod(), fromPodTo(at.remotePod(), at), "to a pod of another node");
        assertEquals(at.node(), fromPodTo(at.peer(), at), "to another node");
        assertEquals(
                at.vtep(),
                GuardScene.arriving(scene.node, at.node(), scene.peer, at.remotePod()),
                "from the node to a pod of another node");
        assertEquals(
                at.stranger(),
                GuardScene.arriving(scene.peer, at.stranger(), scene.pod, at.pod()),
                "from the outside to a pod here");

        guard(SOURCES_KEPT);
        assertEquals(at.pod(), fromPodTo(at.peer(), at), "to another node, if it is wanted so");
        assertEquals(at.node(), fromPodTo(at.stranger(), at), "but by no address that no cluster knows of");
        guard(new GuardPolicy(false, false));
        assertEquals(at.pod(), fromPodTo(at.stranger(), at), "to the outside, without masquerade");
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void nodesAnswerPodsWhoseSourcesAreKeptThroughTheTunnel(Addresses at) throws Exception {
        guard(SOURCES_KEPT);
        scene.routeThroughTheTunnel();
        for (int i = 0; i < 2; i++) {
            assertEquals(at.pod(), fromPodTo(at.peer(), at));
            assertEquals(at.peer(), GuardScene.answered(scene.pod, at.pod(), scene.peer, at.peer()));
        }
        assertTrue(GuardScene.entered(scene.node, at.device()) > 0, "the answers took the tunnel");
    }

    /** In a container that is not privileged {@code accept_ra} cannot be written. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void noPeerIsTakenForARouter(Addresses at) throws Exception {
        String settings = "/proc/sys/net/ipv6/conf/" + at.device();
        scene.node.execute(
                "sh",
                "-c",
                "echo 0 > " + settings + "/forwarding; echo 1 > " + settings + "/accept_ra; echo 0 > "
                        + "/proc/sys/net/ipv6/conf/all/forwarding; echo 0 > " + settings + "/forwarding");
        scene.advertise(at);
        assertTrue(
                routers().contains("fe80::bad dev " + at.device()), "without the table it is, or this shows nothing");
        scene.node.ip("-6", "route", "flush", "proto", "ra");
        guard(POLICY);
        scene.advertise(at);
        assertEquals("", routers());
    }

    private String routers() {
        return scene.node.execute("ip", "-6", "route", "show", "proto", "ra");
    }

    /** A node that is registered anew gets another slice; pods that run keep their addresses. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void podsOfASliceThatTheNodeHadBeforeReachOtherNodes(Addresses at) throws Exception {
        String old = at.pod().contains(":") ? "fd10:64:9::5" : "10.64.9.5";
        scene.pod.ip("address", "add", old + (at.pod().contains(":") ? "/128" : "/32"), "dev", "eth0");
        scene.node.ip("route", "add", old, "dev", "cali0123456789a");
        scene.routeThroughTheTunnel();
        for (GuardPolicy policy : List.of(POLICY, SOURCES_KEPT)) {
            guard(policy);
            assertEquals(at.node(), GuardScene.arriving(scene.pod, old, scene.peer, at.peer()), policy::toString);
            assertEquals(at.peer(), GuardScene.answered(scene.pod, old, scene.peer, at.peer()), policy::toString);
            assertEquals(at.vtep(), GuardScene.arriving(scene.pod, old, scene.peer, at.remotePod()), policy::toString);
            assertEquals(
                    at.remotePod(), GuardScene.answered(scene.pod, old, scene.peer, at.remotePod()), policy::toString);
        }
    }

    /** Pods know each other by their addresses, and policies them, whatever the slices are that these are of. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void podsOfASliceThatTheNodeHadBeforeAreNotMasqueradedOnTheirNode(Addresses at) throws Exception {
        boolean ipv6 = at.isIpv6();
        String old = ipv6 ? "fd10:64:9::5" : "10.64.9.5";
        String other = ipv6 ? "fd10:64:9::6" : "10.64.9.6";
        String whole = ipv6 ? "/128" : "/32";
        String otherLink = "cali0123456789b";
        try (TestNamespace second = new TestNamespace()) {
            scene.node.ip(
                    "link",
                    "add",
                    otherLink,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    String.valueOf(Path.of(second.path()).getFileName()));
            scene.node.ip("link", "set", otherLink, "up");
            scene.node.ip("address", "add", (ipv6 ? "fd10:64:1::1" : "10.64.1.1") + whole, "dev", otherLink);
            second.ip("link", "set", "eth0", "up");
            second.ip("address", "add", other + (ipv6 ? "/64" : "/24"), "dev", "eth0", "nodad");
            second.ip("route", "add", (ipv6 ? "fd10:64:1::1" : "10.64.1.1") + whole, "dev", "eth0");
            second.ip("route", "add", at.pod() + whole, "via", ipv6 ? "fd10:64:1::1" : "10.64.1.1");
            second.ip("route", "add", at.stranger() + whole, "via", ipv6 ? "fd10:64:1::1" : "10.64.1.1");
            second.ip("route", "add", old + whole, "via", ipv6 ? "fd10:64:1::1" : "10.64.1.1");
            scene.node.ip("route", "add", other, "dev", otherLink);
            scene.pod.ip("address", "add", old + whole, "dev", "eth0");
            scene.node.ip("route", "add", old, "dev", "cali0123456789a");
            guard(POLICY);
            assertEquals(old, GuardScene.arriving(scene.pod, old, second, other), "between two such pods");
            assertEquals(at.pod(), GuardScene.arriving(scene.pod, at.pod(), second, other), "from a pod of the slice");
            assertEquals(other, GuardScene.arriving(second, other, scene.pod, at.pod()), "to a pod of the slice");
            assertEquals(
                    at.node(),
                    GuardScene.arriving(second, other, scene.peer, at.stranger()),
                    "and to the outside as ever");
        }
    }

    /** Port security and checks of sources let pass what comes with the node's address alone. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void podsReachOtherNodesOnAnUnderlayThatDropsForeignSources(Addresses at) throws Exception {
        scene.peer.execute(
                "nft",
                "add table inet security; add chain inet security port { type filter hook prerouting priority -300; };"
                        + "add rule inet security port iifname eth0 ip saddr != 192.168.0.0/24 counter drop;"
                        + "add rule inet security port iifname eth0 ip6 saddr fd10:64::/32 counter drop");
        scene.routeThroughTheTunnel();
        guard(POLICY);
        assertEquals(at.peer(), GuardScene.answered(scene.pod, at.pod(), scene.peer, at.peer()));
        assertEquals(at.remotePod(), GuardScene.answered(scene.pod, at.pod(), scene.peer, at.remotePod()));
        assertFalse(hasDropped(), "nothing was dropped");
        // Kept sources are what such an underlay drops.
        guard(SOURCES_KEPT);
        GuardScene.send(scene.pod, at.pod(), at.peer(), 9999, new byte[1], 1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!hasDropped()) {
            assertTrue(System.nanoTime() < deadline, "the packet was not dropped");
            Thread.onSpinWait();
        }
    }

    /** Whether the underlay has dropped anything. */
    private boolean hasDropped() {
        return scene.peer.execute("nft", "list", "table", "inet", "security").contains("packets 1 ");
    }

    /** By the underlay and by the tunnel; to this node's pods, and to the node itself. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void nobodyButThisNodesPodsComesWithAnAddressOfTheirs(Addresses at) throws Exception {
        scene.peer.ip("address", "add", at.otherPod() + (at.isIpv6() ? "/128" : "/32"), "dev", "lo");
        for (boolean throughTheTunnel : List.of(false, true)) {
            if (throughTheTunnel) {
                scene.routeThroughTheTunnel();
            }
            assertEquals(FRAMES, forged(at, at.pod()), "without the table it reaches pods, or this test shows nothing");
            assertEquals(FRAMES, forged(at, at.node()), "and the node");
            Guard guard = guard(POLICY);
            assertEquals(0, forged(at, at.pod()));
            assertEquals(0, forged(at, at.node()));
            assertEquals(2 * FRAMES, guard.dropped());
            scene.nft("delete table inet towpath-overlay");
        }
    }

    /** How many packets that the other node sends with the address of a pod of this one arrive, of {@link #FRAMES}. */
    private long forged(Addresses at, String destination) throws Exception {
        TestNamespace to = destination.equals(at.node()) ? scene.node : scene.pod;
        to.execute(
                "nft",
                "add table inet counting; add chain inet counting c { type filter hook input priority 0; };"
                        + "add rule inet counting c udp dport 9 " + at.ip() + " saddr " + at.otherPod() + " counter");
        GuardScene.send(scene.peer, at.otherPod(), destination, 9, new byte[1], FRAMES);
        // Behind the others, by the same way.
        GuardScene.arriving(scene.peer, at.peer(), to, destination);
        String counted = to.execute("nft", "list", "table", "inet", "counting");
        to.execute("nft", "delete table inet counting");
        return Long.parseLong(counted.replaceFirst("(?s).*counter packets (\\d+).*", "$1"));
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void theNodeItselfAndPodsOfAnotherPluginKeepTheirAddresses(Addresses at) throws Exception {
        guard(POLICY);
        assertEquals(
                at.vtep(), GuardScene.arriving(scene.node, at.vtep(), scene.node, at.vtep()), "the node to itself");
        assertEquals(at.pod(), GuardScene.arriving(scene.pod, at.pod(), scene.node, at.node()));
        scene.node.ip("link", "set", "cali0123456789a", "down");
        scene.node.ip("link", "set", "cali0123456789a", "name", "port0", "up");
        String pod = at.pod() + (at.isIpv6() ? "/128" : "/32");
        String gateway = at.isIpv6() ? "fd10:64:1::1/128" : "10.64.1.1/32";
        scene.node.ip("address", "replace", gateway, "dev", "port0", "nodad");
        scene.node.ip("route", "replace", pod, "dev", "port0");
        assertEquals(at.pod(), GuardScene.arriving(scene.pod, at.pod(), scene.node, at.node()), "by a link of its own");
        scene.node.ip("route", "del", pod, "dev", "port0");
        scene.node.ip("address", "del", gateway, "dev", "port0");
        scene.node.ip("link", "add", "cni0", "type", "bridge");
        scene.node.ip("link", "set", "cni0", "up");
        scene.node.ip("link", "set", "port0", "master", "cni0");
        scene.node.ip("address", "add", at.isIpv6() ? "fd10:64:1::1/64" : "10.64.1.1/24", "dev", "cni0", "nodad");
        assertEquals(at.pod(), GuardScene.arriving(scene.pod, at.pod(), scene.node, at.node()), "on a bridge");
    }

    private String fromPodTo(String destination, Addresses at) throws Exception {
        return GuardScene.arriving(scene.pod, at.pod(), scene.peer, destination);
    }

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void kubeProxysMarkIsABitAmongOthers(Addresses at) throws Exception {
        guard(POLICY);
        scene.nft("add table inet others; add chain inet others marks { type filter hook prerouting priority -150; }");
        for (String mark : List.of("0x4000", "0x14001", "0xffffffff")) {
            scene.nft("flush chain inet others marks; add rule inet others marks meta mark set " + mark);
            assertEquals(at.pod(), fromPodTo(at.stranger(), at), mark + " is masqueraded by kube-proxy's own rule");
        }
        for (String mark : List.of("0x1", "0x8000", "0xffffbfff")) {
            scene.nft("flush chain inet others marks; add rule inet others marks meta mark set " + mark);
            assertEquals(at.node(), fromPodTo(at.stranger(), at), mark + " says nothing");
        }
    }

    @Test
    void whatAnotherTableDropsRemainsDropped() throws Exception {
        guard(POLICY);
        scene.nft(
                "add table inet others; add chain inet others f { type filter hook forward priority 0; policy drop; }");
        scene.nft("add rule inet others f udp dport 8472 accept");
        assertEquals(0, fromPodToPeer(GuardScene.V4, GuardScene.V4.peer()), "nor does their accept open the guard");
        assertTrue(
                scene.nft("list", "chain", "inet", "towpath-overlay", "forward").contains("accept"));
        assertEquals(0, passing(), "an accept is the last word of its own chain only");
        scene.nft("delete table inet others");
        assertEquals(FRAMES, passing());
    }

    /** How many packets of a pod go through to another node's. */
    private long passing() throws Exception {
        scene.nft("add table inet counting");
        scene.nft("add chain inet counting last { type filter hook postrouting priority 300; }");
        scene.nft("add rule inet counting last ip daddr " + GuardScene.V4.remotePod() + " udp dport 9 counter");
        GuardScene.send(scene.pod, GuardScene.V4.pod(), GuardScene.V4.remotePod(), 9, new byte[1], FRAMES);
        String counted = scene.nft("list", "table", "inet", "counting");
        scene.nft("delete table inet counting");
        return Long.parseLong(counted.replaceFirst("(?s).*counter packets (\\d+).*", "$1"));
    }

    @Test
    void theTableReadsAsItIsMeant() throws Exception {
        guard(POLICY);
        assertEquals(
                """
                chain sources {
                type filter hook prerouting priority raw; policy accept;
                ip saddr 10.64.1.0/24 iifname != "cali*" iifname != "lo" fib saddr . iif oif 0 counter drop
                ip6 saddr fd10:64:1::/64 iifname != "cali*" iifname != "lo" fib saddr . iif oif 0 counter drop
                }
                chain input {
                type filter hook input priority filter - 10; policy accept;
                iifname "flannel.1" icmpv6 type nd-router-advert counter drop
                iifname "flannel-v6.1" icmpv6 type nd-router-advert counter drop
                iifname "cali*" udp dport 8472 counter drop
                iifname "flannel.1" udp dport 8472 counter drop
                iifname "flannel-v6.1" udp dport 8472 counter drop
                ip saddr @peers4 udp dport 8472 accept
                ip6 saddr @peers6 udp dport 8472 accept
                udp dport 8472 counter drop
                }
                chain guard-forward {
                type filter hook forward priority filter - 10; policy accept;
                iifname "cali*" ip daddr @peers4 udp dport 8472 counter drop
                iifname "cali*" ip daddr != 10.64.0.0/10 udp dport 8472 ct direction original counter drop
                iifname "cali*" ip6 daddr @peers6 udp dport 8472 counter drop
                iifname "cali*" ip6 daddr != fd10:64::/32 udp dport 8472 ct direction original counter drop
                }
                chain forward {
                type filter hook forward priority filter; policy accept;
                ip saddr 10.64.0.0/10 accept
                ip daddr 10.64.0.0/10 accept
                ip6 saddr fd10:64::/32 accept
                ip6 daddr fd10:64::/32 accept
                }
                chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                meta mark & 0x00004000 == 0x00004000 return
                oifname "cali*" return
                ip saddr 10.64.1.0/24 ip daddr 10.64.0.0/10 return
                ip saddr 10.64.0.0/10 ip daddr 10.64.1.0/24 return
                ip saddr != 10.64.0.0/10 ip daddr 10.64.1.0/24 return
                ip saddr 10.64.0.0/10 ip daddr != 224.0.0.0/4 masquerade fully-random
                ip saddr != 10.64.0.0/10 ip daddr 10.64.0.0/10 masquerade fully-random
                ip6 saddr fd10:64:1::/64 ip6 daddr fd10:64::/32 return
                ip6 saddr fd10:64::/32 ip6 daddr fd10:64:1::/64 return
                ip6 saddr != fd10:64::/32 ip6 daddr fd10:64:1::/64 return
                ip6 saddr fd10:64::/32 ip6 daddr != ff00::/8 masquerade fully-random
                ip6 saddr != fd10:64::/32 ip6 daddr fd10:64::/32 masquerade fully-random
                }
                }""",
                list().replaceFirst("(?s)^.*?(?=chain )", "")
                        .lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .collect(Collectors.joining("\n")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete table inet towpath-overlay",
                "flush ruleset",
                "add table inet towpath-overlay { flags dormant; }",
                "flush table inet towpath-overlay",
                "flush chain inet towpath-overlay input",
                "flush chain inet towpath-overlay sources",
                "flush chain inet towpath-overlay postrouting; delete chain inet towpath-overlay postrouting",
                "flush set inet towpath-overlay peers4",
                "delete element inet towpath-overlay peers6 { fd00::2 }",
                "add element inet towpath-overlay peers4 { 192.168.0.77 }",
                "add element inet towpath-overlay peers6 { * }",
                "insert rule inet towpath-overlay input udp dport 8472 accept",
                "insert rule inet towpath-overlay input ip saddr { 192.168.0.77, 192.168.0.78 } accept",
                "add chain inet towpath-overlay more; insert rule inet towpath-overlay input jump more",
                "add set inet towpath-overlay more { type ipv4_addr; flags interval; }",
                "add map inet towpath-overlay m { type ipv4_addr : verdict; elements = { 10.0.0.1 : accept }; };"
                        + " insert rule inet towpath-overlay input ip saddr vmap @m",
                "chain inet towpath-overlay forward { policy drop; }",
                // What the library has no words for.
                "insert rule inet towpath-overlay input tcp option maxseg size 100 accept",
                "insert rule inet towpath-overlay input socket transparent 1 accept",
                "insert rule inet towpath-overlay input meta mark set jhash ip saddr mod 2",
                "insert rule inet towpath-overlay input ipsec in reqid 1 accept",
                "insert rule inet towpath-overlay input tcp flags syn synproxy mss 1460 wscale 7",
                "insert rule inet towpath-overlay input quota over 1 mbytes drop",
                "insert rule inet towpath-overlay input meter m { ip saddr limit rate 1/second } accept",
                "insert rule inet towpath-overlay input osf name \"Linux\" accept",
                "add set inet towpath-overlay odd { typeof meta iif . ether saddr . ct state; flags dynamic,timeout; }",
                "add map inet towpath-overlay odd { typeof ip saddr . meta length : meta priority; flags interval; }",
            })
    void whatAStrangerChangesIsPutRight(String damage) throws Exception {
        Guard guard = guard(POLICY);
        String whole = list();
        scene.nft(damage);
        assertNotEquals(whole, list());
        assertEquals(ManagedTable.Outcome.REPAIRED, guard.sync(scene.overlay));
        assertEquals(parts(whole), parts(list()));
        assertEquals(ManagedTable.Outcome.STOOD, guard.sync(scene.overlay));
    }

    @Test
    void aRuleThatIsDeletedComesBackInItsPlace() throws Exception {
        Guard guard = guard(POLICY);
        String whole = list();
        for (String chain : List.of("sources", "input", "guard-forward", "forward", "postrouting")) {
            String handle = scene.nft("-a", "list", "chain", "inet", "towpath-overlay", chain)
                    .replaceFirst("(?s).*?policy accept;.*?# handle (\\d+).*", "$1");
            scene.nft("delete", "rule", "inet", "towpath-overlay", chain, "handle", handle);
            assertNotEquals(whole, list());
            assertEquals(ManagedTable.Outcome.REPAIRED, guard.sync(scene.overlay));
            assertEquals(whole, list());
        }
    }

    /** Chains and sets whatever their order. */
    private static List<String> parts(String ruleset) {
        return ruleset
                .lines()
                .collect(Collectors.joining("\n"))
                .transform(text -> List.of(text.split("\n\t}\n")))
                .stream()
                .map(part -> part.replace("table inet towpath-overlay {\n", "").strip())
                .sorted()
                .toList();
    }

    @Test
    void strangersTablesAreLeftAlone() throws Exception {
        scene.nft(
                "add table inet others; add set inet others s { type ipv4_addr; elements = { 10.0.0.1 }; };"
                        + " add chain inet others c { type filter hook input priority 0; }; add rule inet others c ip saddr @s accept;"
                        + " add table ip towpath-overlay; add chain ip towpath-overlay input; add table inet towpath-hostports");
        String before = list();
        Guard guard = guard(POLICY);
        scene.nft("delete table inet towpath-overlay");
        assertEquals(before, list());
        guard.sync(scene.overlay);
        scene.nft("delete table inet towpath-overlay");
        assertEquals(before, list());
    }

    @Test
    void aSecondSyncWritesNothing() throws Exception {
        guard(POLICY);
        int generation = nft.generation();
        Guard restarted = new Guard(tables, POLICY, () -> {});
        assertEquals(ManagedTable.Outcome.STOOD, restarted.sync(scene.overlay));
        assertEquals(generation, nft.generation());
        scene.nft("add table inet others");
        assertEquals(ManagedTable.Outcome.STOOD, restarted.sync(scene.overlay));
        assertEquals(generation + 1, nft.generation());
    }

    @Test
    void othersChangesOfTheTableAreToldFromOwnOnesAndFromAnyElse() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Guard guard = new Guard(tables, POLICY, () -> told.add("guard"));
        Thread watch = Thread.ofPlatform().start(() -> assertDoesNotThrow(() -> tables.watch(() -> {})));
        assertEquals(ManagedTable.Outcome.CHANGED, guard.sync(scene.overlay));
        scene.nft("add table inet others; add chain inet others c");
        scene.nft("add element inet towpath-overlay peers4 { 192.168.0.77 }");
        assertEquals("guard", told.poll(20, TimeUnit.SECONDS));
        assertEquals(ManagedTable.Outcome.REPAIRED, guard.sync(scene.overlay));
        scene.nft("add element inet towpath-overlay peers4 { 192.168.0.78 }");
        assertEquals("guard", told.poll(20, TimeUnit.SECONDS));
        assertEquals(List.of(), List.copyOf(told), "neither own changes nor those of other tables");
        tables.stop();
        watch.join();
    }
}
