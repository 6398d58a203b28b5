package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.check.Finding.Verdict;
import io.towpath.agent.firewall.Firewall;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.UnderlayChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is well, and then each trap by itself. */
@NeedsRoot
class ChecksKernelTest {
    private static final String CONFLIST = "10-towpath.conflist";

    @TempDir
    private Path confDir;

    private final TestNamespace node = new TestNamespace();
    private final Cluster cluster = new Cluster(
            List.of(IpPrefix.parse("10.244.0.0/16")),
            "a",
            UnderlayChoice.AUTOMATIC,
            1,
            8472,
            0,
            false,
            false,
            false,
            List.of(member("a", 1), member("b", 2)));

    private static Cluster.Node member(String name, int number) {
        return new Cluster.Node(
                name,
                List.of(IpPrefix.parse("10.244." + number + ".0/24")),
                List.of(IpAddress.parse("192.168.0." + number)),
                null,
                null);
    }

    @BeforeEach
    void make() throws IOException {
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.ip(
                "link",
                "add",
                "flannel.1",
                "mtu",
                "1450",
                "type",
                "vxlan",
                "id",
                "1",
                "dev",
                "eth0",
                "local",
                "192.168.0.1",
                "dstport",
                "8472",
                "nolearning");
        node.ip("address", "add", "10.244.1.0/32", "dev", "flannel.1");
        node.ip("link", "set", "flannel.1", "up");
        node.ip("route", "add", "10.244.2.0/24", "via", "10.244.2.0", "dev", "flannel.1", "onlink");
        set("net/ipv4/ip_forward", "1");
        set("net/ipv4/conf/all/rp_filter", "0");
        set("net/ipv4/conf/eth0/rp_filter", "2");
        set("net/ipv4/conf/flannel.1/rp_filter", "0");
        Files.writeString(confDir.resolve(CONFLIST), """
                {"name": "net", "plugins": [{"type": "towpath"}]}""");
    }

    @AfterEach
    void remove() {
        node.close();
    }

    private void set(String key, String value) throws IOException {
        try (NetNs netNs = NetNs.open(node.path())) {
            netNs.writeSysctl(key, value);
        }
    }

    private Picture picture() throws LinuxException {
        try (NetNs netNs = NetNs.open(node.path())) {
            return Picture.of(netNs, cluster, confDir.toString());
        }
    }

    private List<Finding> all() throws LinuxException {
        return new Checks(picture(), CONFLIST, confDir.toString()).all();
    }

    /** The only one that is not well. */
    private Finding only() throws LinuxException {
        List<Finding> findings =
                all().stream().filter(each -> each.verdict() != Verdict.OK).toList();
        assertEquals(1, findings.size(), findings::toString);
        return findings.getFirst();
    }

    private void assertOnly(String check, Verdict verdict, String part) throws LinuxException {
        Finding finding = only();
        assertEquals(check, finding.check());
        assertEquals(verdict, finding.verdict());
        assertTrue(finding.found().contains(part), finding::toString);
        assertTrue(!finding.mend().isEmpty(), finding::toString);
    }

    @Test
    void aNodeThatIsWell() throws Exception {
        assertWell();
    }

    private void assertWell() throws LinuxException {
        for (Finding finding : all()) {
            assertEquals(Verdict.OK, finding.verdict(), finding::toString);
        }
    }

    @Test
    void anMtuThatIsTooLargeForTheUnderlay() throws Exception {
        node.ip("link", "set", "eth0", "mtu", "1400");
        assertOnly("mtu", Verdict.FAIL, "flannel.1 has MTU 1450, but eth0 with 1400 has room for 1350");
    }

    @Test
    void anotherVxlanDeviceWithTheSameVniAndPort() throws Exception {
        node.ip("link", "add", "vx0", "type", "vxlan", "id", "2", "dstport", "8472");
        node.ip("link", "add", "vx1", "type", "vxlan", "id", "1", "dstport", "4789");
        assertWell();
        node.ip("link", "delete", "flannel.1");
        node.ip("link", "add", "vx2", "type", "vxlan", "id", "1", "dstport", "8472");
        Finding finding = new DeviceChecks(picture()).vxlan();
        assertEquals(Verdict.FAIL, finding.verdict(), finding::toString);
        assertTrue(finding.found().contains("vx2 of another has VNI 1 at UDP port 8472"), finding::toString);
    }

    @Test
    void anotherVxlanDeviceThatSharesThePortWithNobody() throws Exception {
        node.ip("link", "add", "vx0", "type", "vxlan", "external", "dstport", "8472");
        assertOnly("vxlan", Verdict.FAIL, "vx0 of another takes UDP port 8472");
    }

    @Test
    void aPodWithMoreMtuThanTheOverlay() throws Exception {
        node.ip("link", "add", "cali1", "mtu", "1500", "type", "veth", "peer", "name", "pod1");
        assertOnly("mtu", Verdict.WARN, "pod interface cali1 has MTU 1500");
    }

    @Test
    void aStrictReversePathFilter() throws Exception {
        set("net/ipv4/conf/flannel.1/rp_filter", "1");
        assertOnly("rp-filter", Verdict.WARN, "strict on flannel.1");
        assertTrue(only().mend().contains("net.ipv4.conf.flannel/1.rp_filter=2"));
    }

    @Test
    void aKubeProxyWhoseServicesConntrackDoesNotSee() throws Exception {
        node.ip("link", "add", "kube-ipvs0", "type", "bridge");
        assertEquals("not in mode ipvs", kubeProxy("0").found(), "the link is left of another mode");
        node.ip("address", "add", "10.96.0.1/32", "dev", "kube-ipvs0");
        assertWell();
        assertEquals(Verdict.OK, kubeProxy("1").verdict());
        assertEquals(Verdict.FAIL, kubeProxy("0").verdict());
        assertTrue(kubeProxy("0").mend().contains("sysctl -w net.ipv4.vs.conntrack=1"));
    }

    /** Of a kernel with IPVS. */
    private Finding kubeProxy(String conntrack) throws LinuxException {
        Picture taken = picture();
        Map<String, String> settings = new HashMap<>(taken.settings());
        settings.put(Picture.IPVS_CONNTRACK, conntrack);
        return new DeviceChecks(with(taken, settings, "6.1", Set.of(), null, null)).kubeProxy();
    }

    @Test
    void aKernelThatPoliciesCannotBeEnforcedWith() throws Exception {
        Picture taken = picture();
        Picture old = with(taken, taken.settings(), "4.19", Set.of(), null, "set add: operation not supported");
        Finding finding = new FirewallChecks(old).policies();
        assertEquals(Verdict.FAIL, finding.verdict());
        assertEquals(
                "kernel 4.19 refuses the table by which they are enforced: set add: operation not supported",
                finding.found());
    }

    @Test
    void forwardingThatIsOff() throws Exception {
        set("net/ipv4/ip_forward", "0");
        assertOnly("ip-forward", Verdict.FAIL, "net.ipv4.ip_forward is off");
    }

    @Test
    void anotherPluginsConfigurationBeforeOurs() throws Exception {
        Files.writeString(confDir.resolve("10-canal.conflist"), "{}");
        assertOnly("cni-conflist", Verdict.FAIL, "10-canal.conflist sorts before 10-towpath.conflist");
        assertTrue(new Checks(picture(), CONFLIST, "").conflists().mend().contains("MIGRATION.md"));
        Files.delete(confDir.resolve("10-canal.conflist"));
        Files.writeString(confDir.resolve("10-other.conflist"), "{}");
        assertEquals(
                "remove 10-other.conflist, or give it another ending",
                new Checks(picture(), CONFLIST, "").conflists().mend());
        Files.delete(confDir.resolve("10-other.conflist"));
        Files.writeString(confDir.resolve("99-loopback.conf"), "{}");
        assertWell();
        Files.delete(confDir.resolve(CONFLIST));
        assertOnly("cni-conflist", Verdict.FAIL, "there is no 10-towpath.conflist");
    }

    @Test
    void aConfigurationThatTheRuntimeCannotUse() throws Exception {
        Files.writeString(confDir.resolve(CONFLIST), "{");
        assertOnly("cni-conflist", Verdict.FAIL, CONFLIST + " is no JSON, at line 1");
        Files.writeString(confDir.resolve(CONFLIST), "{}");
        assertOnly("cni-conflist", Verdict.FAIL, "has no plugin of type \"towpath\"");
        Files.delete(confDir.resolve(CONFLIST));
        Files.createDirectory(confDir.resolve(CONFLIST));
        assertOnly("cni-conflist", Verdict.FAIL, "EISDIR");
    }

    @Test
    void anAddressOfTheHostInThePodsNetwork() throws Exception {
        node.ip("address", "add", "10.244.7.1/32", "dev", "switch0");
        assertOnly("cidrs", Verdict.FAIL, "has the address 10.244.7.1/32 of switch0");
    }

    @Test
    void flannelsBridge() throws Exception {
        node.ip("link", "add", "cni0", "type", "bridge");
        node.ip("address", "add", "10.244.1.1/24", "dev", "cni0");
        assertOnly("cidrs", Verdict.FAIL, "has the address 10.244.1.1/24 of cni0");
        assertTrue(new Checks(picture(), CONFLIST, "").cidrs().mend().contains("MIGRATION.md"));
    }

    @Test
    void aRouteOfAnotherIntoThePodsNetwork() throws Exception {
        node.ip("route", "add", "10.244.9.0/24", "via", "192.168.0.9");
        assertOnly("cidrs", Verdict.FAIL, "a route to 10.244.9.0/24 by eth0");
    }

    @Test
    void aDirectRouteToAPeerIsNone() throws Exception {
        node.ip("route", "replace", "10.244.2.0/24", "via", "192.168.0.2");
        assertWell();
    }

    @Test
    void aPeerThatNoRouteLeadsTo() throws Exception {
        node.ip("route", "add", "unreachable", "192.168.0.2");
        assertOnly("peers", Verdict.FAIL, "no route leads to node b (192.168.0.2)");
    }

    @Test
    void noOverlayYet() throws Exception {
        node.ip("link", "set", "flannel.1", "down");
        assertEquals("flannel.1 is down", all().getFirst().found());
        node.ip("link", "delete", "flannel.1");
        assertEquals(Verdict.FAIL, all().getFirst().verdict());
    }

    @Test
    void checksumsThatComeOutWrong() throws Exception {
        Picture taken = picture();
        Picture old = with(taken, "5.4.0", Set.of("flannel.1"));
        assertEquals(
                Verdict.FAIL, new Checks(old, CONFLIST, "").checksumOffload().verdict());
        Picture offAlready = with(taken, "5.4.0", Set.of());
        assertEquals(
                Verdict.OK,
                new Checks(offAlready, CONFLIST, "").checksumOffload().verdict());
    }

    private static Picture with(Picture picture, String release, Set<String> offloading) {
        return with(picture, picture.settings(), release, offloading, "Protocol not supported", null);
    }

    private static Picture with(
            Picture picture,
            Map<String, String> settings,
            String release,
            Set<String> offloading,
            @Nullable String nftablesProblem,
            @Nullable String policiesProblem) {
        return new Picture(
                picture.links(),
                picture.addresses(),
                picture.routes(),
                picture.defaultRoutes(),
                settings,
                release,
                Map.of(),
                offloading,
                Firewall.NONE,
                nftablesProblem,
                policiesProblem,
                picture.cluster(),
                picture.conflists());
    }

    @Test
    void aKernelWithoutNftables() throws Exception {
        FirewallChecks checks = new FirewallChecks(with(picture(), "6.1", Set.of()));
        assertEquals(Verdict.FAIL, checks.nftables().verdict());
        assertEquals(Verdict.WARN, checks.port().verdict());
        assertEquals(Verdict.WARN, checks.policies().verdict());
        Picture taken = picture();
        FirewallChecks denied =
                new FirewallChecks(with(taken, taken.settings(), "6.1", Set.of(), Picture.DENIED, null));
        assertEquals(Verdict.WARN, denied.nftables().verdict());
        assertEquals("run this as root", denied.nftables().mend());
    }
}
