package io.towpath.agent.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What leaves a node with Towpath, and what stays. */
@NeedsRoot
class UninstallKernelTest extends WayScene {
    @Test
    void anUninstallLeavesPodsThatRunAndSaysWhatFollows() throws Exception {
        pod(2);
        write("cni/networks/.towpath/k8s-pod-network", "an index of leases");
        Report planned = go(own -> new WayOut(own, places(), true).leave(false, false));
        assertEquals(6, tables().size() + names("net.d").size());
        Report report = go(own -> new WayOut(own, places(), false).leave(false, false));
        assertEquals(planned, report);
        String notes = report.notes().toString();
        assertTrue(notes.contains("masquerading") && notes.contains("tells no plugin"), notes);
        assertTrue(notes.contains("leases stay in"), notes);
        assertEquals(List.of("table inet others"), tables());
        assertEquals(List.of(), names("net.d"));
        assertEquals(List.of("loopback"), names("bin"));
        assertEquals(List.of("k8s-pod-network"), names("cni/networks"));
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
        assertTrue(report.notes().toString().contains("tells no plugin of pods that end"), report.notes()::toString);
        assertFalse(report.notes().toString().contains("stay in"), report.notes()::toString);
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
        node.ip("link", "add", "cali00000000003", "type", "veth", "peer", "name", "pod3");
        go(own -> new WayOut(own, places(), false).leave(true, true));
        assertTrue(node.show("link").toString().contains("cali00000000003"));
        assertFalse(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.2")));
        assertTrue(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.3")));
        assertTrue(Files.exists(disk.resolve("subnet.env")));
        assertEquals(List.of("10-canal.conflist"), names("net.d"));
        assertEquals(List.of(), names("cache"));
    }

    /** The index of leases comes and goes with the real run. */
    private static List<Part> withoutFiles(Report report) {
        return report.parts().stream()
                .filter(part -> !part.place().equals("file"))
                .toList();
    }

    @Test
    void onDemandPodsAndDevicesGoToo() throws Exception {
        write("net.d/99-others.conflist", "{\"name\": \"others\", \"plugins\": [{\"type\": \"bridge\"}]}");
        pod(2);
        ports(2);
        node.ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472");
        node.ip("link", "add", "vxlan9", "type", "vxlan", "id", "9", "dstport", "4789");
        node.ip("link", "add", "flannel.9", "type", "bridge");
        Report planned = go(own -> new WayOut(own, places(), true).leave(true, true));
        String before = node.show("link").toString();
        assertTrue(before.contains("cali00000000002") && before.contains("flannel.1"), before);
        Report report = go(own -> new WayOut(own, places(), false).leave(true, true));
        assertEquals(withoutFiles(planned), withoutFiles(report));
        assertEquals(List.of(), planned.notes());
        assertEquals(List.of(), report.notes());
        String links = node.show("link").toString();
        assertFalse(links.contains("cali0") || links.contains("flannel.1"), links);
        assertTrue(links.contains("vxlan9") && links.contains("flannel.9"), links);
        assertEquals(List.of("table inet others"), tables());
        assertFalse(Files.exists(disk.resolve("cni/networks/k8s-pod-network/10.244.1.2")));
    }
}
