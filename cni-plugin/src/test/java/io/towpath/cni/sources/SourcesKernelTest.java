package io.towpath.cni.sources;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.bandwidth.Shaping;
import io.towpath.cni.protocol.Bandwidth;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.LinkRemoval;
import io.towpath.cni.wiring.LinkSetup;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.PodRoute;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.cni.wiring.WholeLink;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two pods of a node on the real kernel, of which the first sends with sources that are not its own; nft is the witness. */
@NeedsRoot
class SourcesKernelTest {
    private static final String LINK = EndpointName.hostName("default", "forger", "c1", "eth0");
    private static final String CHAIN = "netdev towpath-sources " + LINK;

    /** Of either family: the pod's, a forged one, the node's, the other pod's, and one that nobody has. */
    private record Family(String ip, String own, String forged, String node, String other, String far) {}

    private static final Family V4 =
            new Family("ip", "10.244.1.5", "203.0.113.7", "192.0.2.1", "10.244.1.6", "198.51.100.1");
    private static final Family V6 =
            new Family("ip6", "fd00:244:1::5", "2001:db8:7::7", "2001:db8::1", "fd00:244:1::6", "2001:db8:9::1");

    private final TestNamespace node = new TestNamespace();
    private final TestNamespace pod = new TestNamespace();
    private final TestNamespace victim = new TestNamespace();
    private final LinuxNamespaces namespaces = new LinuxNamespaces(node.open());

    SourcesKernelTest() throws IOException {}

    private static Family family(String ip) {
        return ip.equals("ip") ? V4 : V6;
    }

    @BeforeEach
    void connect() throws Exception {
        node.execute("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        node.ip("address", "add", V4.node + "/32", "dev", "lo");
        node.ip("address", "add", V6.node + "/128", "dev", "lo");
        // Towards addresses that nobody has.
        node.ip("link", "add", "away", "type", "bridge");
        node.ip("link", "set", "away", "up");
        node.ip("route", "add", V4.far, "dev", "away");
        node.ip("-6", "route", "add", V6.far, "dev", "away");
        connect(pod, endpoint("c1", "forger", V4.own, V6.own), false);
        connect(victim, endpoint("c2", "victim", V4.other, V6.other), false);
        // Whatever the forged source is, its answers would get to the other pod; without rp_filter nothing else holds a
        // packet up.
        String link = EndpointName.hostName("default", "victim", "c2", "eth0");
        node.ip("route", "add", V4.forged, "dev", link);
        node.ip("-6", "route", "add", V6.forged, "dev", link);
        String mac = EndpointName.podMac("c2", "eth0").toString();
        node.ip("neigh", "add", V4.forged, "lladdr", mac, "dev", link, "nud", "permanent");
        node.ip("neigh", "add", V6.forged, "lladdr", mac, "dev", link, "nud", "permanent");
        node.execute("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf." + LINK + ".rp_filter=0");
        pod.ip("address", "add", V4.forged + "/32", "dev", "eth0");
        pod.ip("address", "add", V6.forged + "/128", "dev", "eth0", "nodad");
        for (Family family : List.of(V4, V6)) {
            victim.execute(
                    "nft",
                    "add table inet seen; add chain inet seen c { type filter hook prerouting priority 0; };"
                            + "add rule inet seen c " + family.ip + " daddr " + family.forged + " counter");
        }
    }

    @AfterEach
    void remove() throws Exception {
        namespaces.close();
        victim.close();
        pod.close();
        node.close();
    }

    private static Endpoint endpoint(String container, String name, String... addresses) {
        List<IpAddress> all = Arrays.stream(addresses).map(IpAddress::parse).toList();
        return new Endpoint(
                EndpointName.hostName("default", name, container, "eth0"),
                "eth0",
                OwnerMark.of("net", container, "eth0"),
                EndpointName.podMac(container, "eth0"),
                1450,
                all,
                all.stream().map(IpAddress::ipv6).map(PodRoute::byDefault).toList(),
                false);
    }

    private void connect(TestNamespace target, Endpoint endpoint, boolean fails) throws IOException {
        LinkSetup setup = new LinkSetup(namespaces, _ -> false, _ -> {});
        try (Namespaces.Pod opened = namespaces.pod(target.path())) {
            Link link = WholeLink.connect(namespaces, setup, opened, endpoint);
            if (fails) {
                new LinkRemoval(namespaces).disconnect(link, endpoint.mark());
                throw new IOException("no further");
            }
        }
    }

    /** Sends a packet and waits for what comes back; one that is not answered is waited for the shorter. */
    private static boolean ping(TestNamespace from, String source, String destination, String... more)
            throws IOException {
        String command = "ping -c 1 -W 1 -I " + source + " " + String.join(" ", more) + " " + destination;
        return from.execute("sh", "-c", command + " >/dev/null 2>&1 && echo answered || echo silent")
                .equals("answered");
    }

    /** What the other pod has got for an address that is not its own. */
    private long seen(Family family) throws IOException {
        String rules = victim.execute("nft", "list", "table", "inet", "seen");
        return counted(rules, family.ip + " daddr " + family.forged + " ");
    }

    private long dropped() throws IOException {
        return counted(node.execute("nft", "list", "chain", "netdev", "towpath-sources", LINK), "");
    }

    private static long counted(String rules, String rule) {
        return rules.lines()
                .filter(line -> line.contains(rule + "counter packets"))
                .mapToLong(line -> Long.parseLong(line.replaceFirst(".*counter packets (\\d+).*", "$1")))
                .sum();
    }

    @Test
    void theChainReadsAsItIsMeant() throws Exception {
        assertEquals("""
                table netdev towpath-sources {
                chain %s {
                type filter hook ingress device "%s" priority -500; policy drop;
                ip saddr 10.244.1.5 accept
                ip6 saddr fd00:244:1::5 accept
                ip6 saddr %s accept
                arp saddr ip 10.244.1.5 accept
                ip6 saddr :: ip6 daddr ff02::/16 meta l4proto ipv6-icmp accept
                counter drop
                }
                }""".formatted(LINK, LINK, linkLocal()), list());
    }

    private String list() throws IOException {
        return node.execute("nft", "-s", "list", "chain", "netdev", "towpath-sources", LINK)
                .lines()
                .map(String::strip)
                .collect(Collectors.joining("\n"));
    }

    /** The address that the pod's kernel made. */
    private String linkLocal() throws IOException {
        return pod.execute("ip", "-6", "-oneline", "address", "show", "dev", "eth0", "scope", "link")
                .lines()
                .filter(line -> !line.contains("bad"))
                .findFirst()
                .orElseThrow()
                .replaceFirst(".* inet6 ([^/]*)/.*", "$1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ip", "ip6"})
    void whatIsForgedIsAnsweredToNobody(String ip) throws Exception {
        Family at = family(ip);
        assertTrue(ping(pod, at.own, at.node));
        assertTrue(ping(pod, at.own, at.other));
        long before = dropped();
        forge(at);
        assertEquals(0, seen(at));
        assertEquals(before + 3, dropped());

        node.execute("nft", "delete", "table", "netdev", "towpath-sources");
        forge(at);
        assertTrue(seen(at) >= 3, "without the table each is answered, or this test shows nothing");
    }

    /** To the node, to a pod, and to where nothing gets to with so few hops. */
    private void forge(Family at) throws IOException {
        assertFalse(ping(pod, at.forged, at.node));
        assertFalse(ping(pod, at.forged, at.other));
        assertFalse(ping(pod, at.forged, at.far, "-t", "1"));
    }

    @Test
    void nobodyBecomesANeighbourByAForgedSource() throws Exception {
        for (int i = 1; i <= 5; i++) {
            pod.ip("address", "add", "fe80::bad:" + i + "/128", "dev", "eth0", "nodad");
        }
        greet();
        assertFalse(neighbours().contains("bad:"), neighbours());
        assertTrue(ping(pod, linkLocal() + "%eth0", Endpoint.GATEWAY_V6 + "%eth0"), "its own is no forged one");
        node.execute("nft", "delete", "table", "netdev", "towpath-sources");
        greet();
        assertTrue(neighbours().contains("bad:"), "without the table there are, or this test shows nothing");
    }

    private void greet() throws IOException {
        for (int i = 1; i <= 5; i++) {
            ping(pod, "fe80::bad:" + i + "%eth0", Endpoint.GATEWAY_V6 + "%eth0");
        }
    }

    private String neighbours() throws IOException {
        return node.execute("ip", "-6", "neigh", "show", "dev", LINK);
    }

    /** What comes back from the device that slows a pod down is past the link's ingress. */
    @ParameterizedTest
    @ValueSource(strings = {"ip", "ip6"})
    void aPodThatIsLimitedForgesNothingEither(String ip) throws Exception {
        Family at = family(ip);
        Link link = Objects.requireNonNull(namespaces.host().link(LINK));
        List<IpAddress> own = List.of(IpAddress.parse(V4.own), IpAddress.parse(V6.own));
        Bandwidth.Limit limit = new Bandwidth.Limit(100_000_000, 10_000_000);
        Shaping shaping =
                new Shaping(OwnerMark.of("net", "c1", "eth0"), new Bandwidth(new Bandwidth.Limit(0, 0), limit));
        shaping.apply(namespaces.host(), link, 1450, own);
        assertTrue(ping(pod, at.own, at.node));
        forge(at);
        assertEquals(0, seen(at));

        // As an earlier release did it.
        int device = Objects.requireNonNull(
                        namespaces.host().link(EndpointName.limiterName(OwnerMark.of("net", "c1", "eth0"))))
                .index();
        namespaces.host().apply(new Batch().addFilter(Filter.redirect(link.index(), 1, device)));
        forge(at);
        assertTrue(seen(at) >= 3, "all of it went round the check");
        assertEquals(0, new SourceKeeper(namespaces).mend());
        assertFalse(Shaping.narrow(namespaces.host(), link, own), "the keeper has done it");
        assertEquals(List.of(), shaping.compare(namespaces.host(), LINK, own));
        long before = seen(at);
        forge(at);
        assertEquals(before, seen(at));
        assertTrue(ping(pod, at.own, at.node));
    }

    /** The kernel takes it for untagged, but tc does not: it would go round the device that slows a pod down. */
    @ParameterizedTest
    @ValueSource(strings = {"ip", "ip6"})
    void aFrameWithATagIsDropped(String ip) throws Exception {
        Family at = family(ip);
        node.execute(
                "nft",
                "add table inet arrived; add chain inet arrived c { type filter hook prerouting priority 0; };"
                        + "add rule inet arrived c " + ip + " saddr " + at.own + " " + ip + " daddr " + at.node
                        + " counter");
        long before = dropped();
        sendTagged(at);
        awaitPackets(before + 1);
        assertEquals(0, arrived());
        assertEquals(before + 1, dropped());
        node.execute("nft", "delete", "table", "netdev", "towpath-sources");
        sendTagged(at);
        awaitPackets(1);
        assertEquals(1, arrived(), "without the table it arrives, or this test shows nothing");
    }

    private long arrived() throws IOException {
        return counted(node.execute("nft", "list", "table", "inet", "arrived"), "");
    }

    private void awaitPackets(long count) throws Exception {
        for (int i = 0; i < 200 && seenByNode() < count; i++) {
            Thread.sleep(10);
        }
    }

    private long seenByNode() throws IOException {
        boolean isChecked = node.execute("nft", "list", "tables", "netdev").contains("towpath-sources");
        return arrived() + (isChecked ? dropped() : 0);
    }

    /** Sends an empty packet with a tag of VLAN 0, made by hand, as not every kernel has devices for VLANs. */
    private void sendTagged(Family at) throws IOException {
        byte[] from = IpAddress.parse(at.own).bytes();
        byte[] to = IpAddress.parse(at.node).bytes();
        boolean ipv6 = from.length == 16;
        ByteBuffer packet = ByteBuffer.allocate((ipv6 ? 8 : 12) + from.length + to.length);
        if (ipv6) {
            packet.putInt(6 << 28).putShort((short) 0).put((byte) 59).put((byte) 64);
        } else {
            packet.putInt(0x45000014).putInt(0).putInt(64 << 24 | 253 << 16);
        }
        packet.put(from).put(to);
        if (!ipv6) {
            int sum = 0;
            for (int i = 0; i < packet.capacity(); i += 2) {
                sum += packet.getShort(i) & 0xffff;
            }
            packet.putShort(10, (short) ~((sum & 0xffff) + (sum >> 16)));
        }
        String frame = "ee".repeat(6)
                + EndpointName.podMac("c1", "eth0").toString().replace(":", "")
                + "81000000"
                + (ipv6 ? "86dd" : "0800")
                + HexFormat.of().formatHex(packet.array());
        String index =
                pod.show("link", "show", "dev", "eth0").get(0).get("ifindex").asText();
        pod.execute(
                "perl",
                "-e",
                "socket(S, 17, 3, 0) or die $!; defined(send(S, pack('H*', $ARGV[0]), 0,"
                        + " pack('SnlSCCa8', 17, 0, $ARGV[1], 0, 0, 6, ''))) or die $!",
                frame,
                index);
    }

    @Test
    void theChainComesAndGoesWithTheLink() throws Exception {
        LinkRemoval removal = new LinkRemoval(namespaces);
        OwnerMark mark = OwnerMark.of("net", "c1", "eth0");
        removal.disconnect(removal.find(LINK, true, mark, null, "eth0"), mark);
        assertFalse(chains().contains(LINK));
        assertThrowsUndone();
        assertFalse(chains().contains(LINK), "an ADD that fails leaves none");

        // The link may go with the pod's namespace, and a newer kernel keeps the chain then.
        connect(pod, endpoint("c1", "forger", V4.own), false);
        assertTrue(chains().contains(LINK));
        pod.ip("link", "delete", "eth0");
        removal.disconnect(null, mark);
        assertFalse(chains().contains(LINK));
        assertTrue(chains().contains(EndpointName.hostName("default", "victim", "c2", "eth0")));
    }

    /** The chain goes before the link, as the kernel is rid of both at once then, but not while the pod can send. */
    @Test
    void theChainGoesWhenTheLinkIsDown() throws Exception {
        Link link = Objects.requireNonNull(namespaces.host().link(LINK));
        List<Boolean> up = new ArrayList<>();
        Namespaces watched = (Namespaces) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Namespaces.class}, (_, method, arguments) -> {
                    if (method.getName().equals("nft")) {
                        up.add(Objects.requireNonNull(namespaces.host().link(LINK))
                                .isUp());
                    }
                    return method.invoke(namespaces, arguments);
                });
        new LinkRemoval(watched).disconnect(link, OwnerMark.of("net", "c1", "eth0"));
        assertEquals(List.of(true, false), up, "the chain is looked for, and removed, while the link is up");
        assertFalse(chains().contains(LINK));
        assertNull(namespaces.host().link(LINK));
    }

    private void assertThrowsUndone() {
        try {
            connect(pod, endpoint("c1", "forger", V4.own), true);
        } catch (IOException e) {
            assertEquals("no further", e.getMessage());
            return;
        }
        throw new AssertionError("it was to fail");
    }

    /** A pod of a name that another had may have a link before the other's chain is gone. */
    @Test
    void theNextPodOfTheNameIsCheckedByItsOwnAddresses() throws Exception {
        pod.ip("link", "delete", "eth0");
        connect(pod, endpoint("c3", "forger", "10.244.1.9"), false);
        assertTrue(list().contains("ip saddr 10.244.1.9 accept"), list());
        assertFalse(list().contains(V4.own), list());
        OwnerMark former = OwnerMark.of("net", "c1", "eth0");
        new LinkRemoval(namespaces).disconnect(null, former);
        assertEquals(List.of(), new LinkRemoval(namespaces).sweep(OwnerMark.networkPrefix("other"), Set.of()));
        assertTrue(chains().contains(LINK), "a late DEL or GC leaves it alone");
        assertTrue(ping(pod, "10.244.1.9", V4.node));
    }

    private String chains() throws IOException {
        return node.execute("nft", "list", "table", "netdev", "towpath-sources");
    }

    @Test
    void whatWasReadIsWhatWasWritten() throws Exception {
        Sources sources = read().get(LINK);
        assertEquals(
                Sources.of(
                        LINK,
                        List.of(IpAddress.parse(V6.own), IpAddress.parse(V4.own)),
                        EndpointName.podMac("c1", "eth0")),
                sources);
        node.execute("nft", "insert rule " + CHAIN + " ip saddr " + V4.forged + " accept");
        assertNull(read().get(LINK));
    }

    private Map<String, Sources> read() throws IOException {
        return SourceTable.read(namespaces.nft(), SourceTable.chains(namespaces.nft()));
    }
}
