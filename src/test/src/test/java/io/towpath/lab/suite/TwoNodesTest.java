package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Capture;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packets between pods and nodes, over IPv4, IPv6 and both. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_METHOD)
class TwoNodesTest {
    private static final int IPV4_HEADERS = 20 + 8;
    private static final int IPV6_HEADERS = 40 + 8;

    private static Lab lab(boolean ipv4, boolean ipv6) {
        return new Lab(Plugin.towpath()).families(ipv4, ipv6).withNodes("a", "b");
    }

    @ParameterizedTest(name = "IPv4 {0}, IPv6 {1}")
    @CsvSource({"true, false", "false, true", "true, true"})
    void everybodyReachesEverybody(boolean ipv4, boolean ipv6) {
        try (Lab lab = lab(ipv4, ipv6)) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Pod web = a.pod("web").add();
            Pod job = a.pod("job").add();
            Pod far = b.pod("far").add();
            for (Pod pod : List.of(web, job, far)) {
                pod.serve(80, "I am " + pod);
                assertEquals(pod.node().slices().size(), pod.addresses().size());
            }
            for (int family = 0; family < a.slices().size(); family++) {
                for (Pod from : List.of(web, job, far)) {
                    for (Pod to : List.of(web, job, far)) {
                        assertEquals("I am " + to, from.fetch(to.addresses().get(family), 80), from + " to " + to);
                    }
                    for (Node node : List.of(a, b)) {
                        from.ping(node.addresses().get(family));
                        Network.ping(node.namespace(), from.addresses().get(family));
                        assertEquals(
                                "I am " + from,
                                Network.fetch(node.namespace(), from.addresses().get(family), 80),
                                node + " to " + from);
                    }
                }
            }
            assertLargestPacket(web, far, ipv6);
            for (Pod pod : List.of(web, job, far)) {
                pod.check().succeededSilently();
                pod.del();
            }
            for (Node node : List.of(a, b)) {
                node.leases().assertEmpty();
                assertFalse(node.namespace().show("link").toString().contains("\"cali"));
            }
        }
    }

    /** A packet as large as the pod's link takes crosses the nodes whole; a larger one is refused at once. */
    private static void assertLargestPacket(Pod from, Pod to, boolean ipv6) {
        int mtu = from.namespace()
                .show("link", "show", "dev", "eth0")
                .path(0)
                .path("mtu")
                .asInt();
        assertEquals(1500 - (ipv6 ? 70 : 50), mtu);
        for (String address : to.addresses()) {
            int size = mtu - (address.contains(":") ? IPV6_HEADERS : IPV4_HEADERS);
            Network.ping(from.namespace(), address, "-M", "do", "-s", String.valueOf(size));
            assertNotEquals(
                    0,
                    Network.tryPing(from.namespace(), address, "-M", "do", "-s", String.valueOf(size + 1))
                            .exit());
        }
    }

    @Test
    void betweenNodesThereIsVxlanAndNoPieces() {
        try (Lab lab = lab(true, false)) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Pod web = a.pod("web").add();
            Pod far = b.pod("far").add();
            web.ping(far.address());
            try (Capture tunnel = new Capture(a.namespace(), "eth0", a.folder().resolve("tunnel"), "udp port 8472");
                    Capture pieces =
                            new Capture(a.namespace(), "eth0", a.folder().resolve("pieces"), "ip[6:2] & 0x3fff != 0")) {
                Network.ping(web.namespace(), far.address(), "-M", "do", "-s", String.valueOf(1450 - IPV4_HEADERS));
                tunnel.awaitPacket(
                        a.address() + ".",
                        "> " + b.address() + ".8472: VXLAN",
                        "vni 1",
                        web.address() + " > " + far.address(),
                        "ICMP echo request",
                        "length 1430");
                tunnel.awaitPacket(
                        "> " + a.address() + ".8472: VXLAN", far.address() + " > " + web.address(), "ICMP echo reply");
                assertFalse(pieces.text().contains("IP "), pieces.text());
            }
            assertCanalsPicture(a, b);
            web.del();
            far.del();
        }
    }

    /** What an operator who knows Canal looks at first. */
    private static void assertCanalsPicture(Node a, Node b) {
        String device = a.namespace().run("ip", "-d", "address", "show", "flannel.1");
        assertTrue(device.contains("vxlan id 1 local " + a.address() + " dev eth0"), device);
        assertTrue(device.contains("dstport 8472 nolearning"), device);
        assertTrue(device.contains("mtu 1450"), device);
        assertTrue(device.contains("inet 10.244.1.0/32"), device);
        String routes = a.namespace().run("ip", "route");
        assertTrue(routes.contains("10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink"), routes);
        JsonNode other = b.namespace().show("link", "show", "dev", "flannel.1").path(0);
        String mac = other.path("address").asText();
        JsonNode neighbour = a.namespace()
                .show("neigh", "show", "dev", "flannel.1", "nud", "permanent")
                .path(0);
        assertEquals("10.244.2.0", neighbour.path("dst").asText());
        assertEquals(mac, neighbour.path("lladdr").asText());
        assertTrue(a.namespace().forwardingEntries().toString().contains(mac));
    }

    @Test
    void addBuildsTheOverlayAgainWhenItIsGone() {
        try (Lab lab = lab(true, false)) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Pod web = a.pod("web").add();
            Pod far = b.pod("far").add();
            web.ping(far.address());
            a.namespace().ip("link delete flannel.1");
            assertNotEquals(
                    0,
                    Network.tryPing(web.namespace(), far.address(), "-W", "1").exit());
            Pod next = a.pod("next").add();
            next.ping(far.address());
            far.ping(web.address());
            a.call("STATUS", a.conf().version("1.1.0")).run().succeededSilently();
            for (Pod pod : List.of(web, far, next)) {
                pod.check().succeededSilently();
                pod.del();
            }
        }
    }

    @Test
    void podsOfOneNodeReachEachOtherWithoutTheOverlay() {
        try (Lab lab = lab(true, false)) {
            Node a = lab.node("a");
            Pod web = a.pod("web").add();
            Pod job = a.pod("job").add();
            Namespace underlay = a.namespace();
            try (Capture tunnel = new Capture(underlay, "eth0", a.folder().resolve("tunnel"), "udp port 8472")) {
                web.ping(job.address());
                job.ping(web.address());
                assertFalse(tunnel.text().contains("VXLAN"), tunnel.text());
            }
            // The gateway answers nothing itself, so its neighbour is given and needs no first round trip.
            String neighbours = web.namespace().run("ip", "neigh");
            assertTrue(neighbours.contains("169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee PERMANENT"), neighbours);
            web.del();
            job.del();
        }
    }
}
