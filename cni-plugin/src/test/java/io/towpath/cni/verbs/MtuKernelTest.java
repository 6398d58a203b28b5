package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Rtnl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The MTU that a pod gets where neither configuration nor overlay says one: that of the way out. */
@NeedsRoot
class MtuKernelTest {
    private final TestNamespace node;

    MtuKernelTest() throws Exception {
        node = new TestNamespace();
    }

    @BeforeEach
    void connect() throws Exception {
        for (String[] link : new String[][] {{"eth0", "1400", "10.0.0.1/24"}, {"eth1", "9000", "10.1.0.1/24"}}) {
            node.ip("link", "add", link[0], "mtu", link[1], "type", "veth", "peer", "name", link[0] + "-peer");
            node.ip("link", "set", link[0] + "-peer", "up");
            node.ip("link", "set", link[0], "up");
            node.ip("address", "add", link[2], "dev", link[0]);
        }
    }

    @AfterEach
    void close() throws Exception {
        node.close();
    }

    private int mtu() throws Exception {
        try (NetNs netNs = node.open();
                Rtnl rtnl = Rtnl.open(netNs)) {
            return Mtu.ofNode(rtnl);
        }
    }

    @Test
    void withoutAWayOutIsEthernets() throws Exception {
        assertEquals(1500, mtu());
        // Which the kernel shows on lo, that has 65536.
        node.ip("-6", "route", "add", "unreachable", "default");
        assertEquals(1500, mtu());
    }

    @Test
    void isOfTheBestDefaultRoute() throws Exception {
        node.ip("route", "add", "default", "via", "10.0.0.254", "table", "77");
        node.ip("route", "add", "default", "via", "10.1.0.254", "metric", "100");
        node.ip("route", "add", "default", "via", "10.0.0.254", "metric", "50");
        assertEquals(1400, mtu());
        node.ip("route", "add", "default", "via", "10.1.0.254", "metric", "10");
        assertEquals(9000, mtu());
    }

    @Test
    void isTheLeastOfSeveralNextHops() throws Exception {
        node.ip("route", "add", "default", "nexthop", "via", "10.1.0.254", "nexthop", "via", "10.0.0.254");
        assertEquals(1400, mtu());
        node.ip("route", "replace", "default", "nexthop", "via", "10.0.0.254", "nexthop", "via", "10.1.0.254");
        assertEquals(1400, mtu());
    }

    @Test
    void isTheLeastOfBothFamiliesBest() throws Exception {
        node.ip("address", "add", "fd00::1/64", "dev", "eth0", "nodad");
        node.ip("address", "add", "fd01::1/64", "dev", "eth1", "nodad");
        node.ip("route", "add", "default", "via", "10.1.0.254");
        assertEquals(9000, mtu());
        node.ip("-6", "route", "add", "default", "via", "fd00::fe", "metric", "20");
        assertEquals(1400, mtu());
        node.ip("-6", "route", "add", "default", "via", "fd01::fe", "metric", "10");
        assertEquals(9000, mtu());
    }

    @Test
    void isOfTheOverlaysDeviceBeforeAll() throws Exception {
        node.ip("route", "add", "default", "via", "10.0.0.254");
        node.ip("link", "add", "flannel-v6.1", "mtu", "1330", "type", "veth", "peer", "name", "peer6");
        assertEquals(1330, mtu());
        node.ip("link", "del", "flannel-v6.1");
        node.ip("link", "add", "flannel.1", "mtu", "1350", "type", "veth", "peer", "name", "peer4");
        assertEquals(1350, mtu());
    }
}
