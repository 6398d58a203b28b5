package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** What is wrong with one family of this node leaves that as it is, and holds up nothing of the other. */
@NeedsRoot
class FamiliesKernelTest extends KernelScene {
    private void assertLeftOut(SyncReport report, String device, String reason) {
        DesiredOverlay.LeftOut left = report.desired().leftOut().getFirst();
        assertEquals(device, left.device());
        assertTrue(left.reason().contains(reason), left.reason());
    }

    @Test
    void addressOfOneThatIsLostIsNoOutageOfTheOther() throws Exception {
        cluster(3, true);
        node.sync();
        String before =
                node.ip("-6 route show dev flannel-v6.1") + node.ip("-6 neigh show dev flannel-v6.1 nud permanent");
        node.ip("address del fd00::1/64 dev eth0");
        node.ip("route del 10.64.2.0/24");
        SyncReport report = node.sync();
        assertLeftOut(report, "flannel-v6.1", "no interface has the address fd00::1");
        assertTrue(node.ip("route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
        assertEquals(
                before,
                node.ip("-6 route show dev flannel-v6.1") + node.ip("-6 neigh show dev flannel-v6.1 nud permanent"));
        String state = Files.readString(node.file("run/node.json"));
        assertTrue(state.contains("10.64.1.0/24") && state.contains("fd00:a:1::/64"), state);
        // A pod's ADD tries again, and has no error to tell of.
        assertEquals(Ensured.Outcome.SYNCED, node.ensure().outcome());
        node.ip("address add fd00::1/64 dev eth0 nodad");
        assertEquals(0, node.sync().desired().leftOut().size());
        assertEquals(Ensured.Outcome.STOOD, node.ensure().outcome());
    }

    @Test
    void underlayThatIsTooSmallForIpv6CarriesIpv4() throws Exception {
        cluster(3, true);
        node.ip("link set eth0 mtu 1320");
        SyncReport report = node.sync();
        assertLeftOut(report, "flannel-v6.1", "needs at least 1350");
        assertTrue(node.ip("route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
        assertTrue(node.ip("link show flannel.1").contains("mtu 1270"));
        node.ip("link set eth0 mtu 1500");
        assertEquals(0, node.sync().desired().leftOut().size());
        assertTrue(node.ip("-6 route").contains("fd00:a:2::/64 via fd00:a:2:: dev flannel-v6.1"));
    }

    @Test
    void deviceThatCannotBeMadeIsNoOutageOfTheOther() throws Exception {
        cluster(3, true);
        // Another's device has what only one can have: VNI, port, group and local family.
        node.ip("link add others type vxlan id 1 dstport 8472 local fd00::1 dev eth0 nolearning");
        node.ip("link set others up");
        SyncReport report = node.sync();
        assertLeftOut(report, "flannel-v6.1", "EEXIST");
        assertTrue(node.ip("route").contains("10.64.2.0/24 via 10.64.2.0 dev flannel.1"));
        node.ip("link del others");
        assertEquals(0, node.sync().desired().leftOut().size());
    }
}
