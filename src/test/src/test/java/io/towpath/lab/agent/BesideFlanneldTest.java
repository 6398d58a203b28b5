package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Capture;
import io.towpath.lab.Command;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.NodeObjects;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** flannel's options on a node of the real flanneld and on one of Towpath's, in both families. */
@OnLab
@EnabledIf(value = "io.towpath.lab.agent.Flanneld#isThere", disabledReason = Flanneld.MISSING)
class BesideFlanneldTest {
    private static final int IPV4 = 28;
    private static final int IPV6 = 48;

    @AutoClose
    private final AgentLab lab = new AgentLab(true, true, "a", "b").register("a", "b");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Flanneld flanneld = new Flanneld(a, lab.api);

    private Agent towpath(String backend, String... options) {
        return b.agent(lab.api)
                .backend(backend)
                .with(AgentLab.POLICY + "=false")
                .with(options)
                .start()
                .awaitReady();
    }

    @Test
    void anotherVniAndPort() {
        String backend = "{'VNI': 4096, 'Port': 4790}";
        flanneld.backend(backend).start();
        towpath(backend);
        awaitEachOther();
        for (Node node : List.of(a, b)) {
            for (String device : List.of("flannel.4096", "flannel-v6.4096")) {
                assertEquals(4096, device(node, device).path("id").asInt());
                assertEquals(4790, device(node, device).path("port").asInt());
            }
            assertFalse(node.namespace().hasLink("flannel.1"));
            assertFalse(node.namespace().hasLink("flannel-v6.1"));
        }
        try (Capture capture = new Capture(b.namespace(), "eth0", b.folder().resolve("port"), "udp port 4790")) {
            assertFullPackets(flanneld.pod("far").add(), b.pod("web").add());
            for (int family = 0; family < 2; family++) {
                String one = a.addresses().get(family);
                String other = b.addresses().get(family);
                capture.awaitPacket(one + ".", other + ".4790", "vni 4096");
                capture.awaitPacket(other + ".", one + ".4790", "vni 4096");
            }
        }
    }

    /** The MTU is the underlay's; a packet's mark crosses a tunnel with the extension alone, and without it such a packet is dropped. */
    @Test
    void mtuLearningAndGroupPolicy() {
        // Of these, some are for Windows.
        String backend =
                "{'Type': 'vxlan', 'MTU': 1400, 'Learning': true, 'GBP': true, 'MacPrefix': '0E-2A', 'Name': 'x'}";
        flanneld.backend(backend).start();
        towpath(backend);
        awaitEachOther();
        for (Node node : List.of(a, b)) {
            for (String device : List.of("flannel.1", "flannel-v6.1")) {
                assertTrue(device(node, device).path("learning").asBoolean(), device);
                assertTrue(device(node, device).path("gbp").asBoolean(), device);
            }
        }
        Pod far = flanneld.pod("far").add();
        Pod web = b.pod("web").add();
        assertEquals(1350, mtu(far));
        assertEquals(1330, mtu(web));
        assertFullPackets(far, web);
        try (Capture capture = new Capture(b.namespace(), "eth0", b.folder().resolve("group"), "udp port 8472")) {
            for (int family = 0; family < 2; family++) {
                String one = a.addresses().get(family);
                String other = b.addresses().get(family);
                Network.ping(a.namespace(), web.addresses().get(family), "-m", "7");
                Network.ping(b.namespace(), far.addresses().get(family), "-m", "7");
                capture.awaitPacket(" " + one + ".", " " + other + ".8472", "(0x88)", "vni 1");
                capture.awaitPacket(" " + other + ".", " " + one + ".8472", "(0x88)", "vni 1");
            }
        }
    }

    @Test
    void publicAddressesByOption() {
        List<String> ofA = List.of("192.168.50.101", "2001:db8:50::101");
        List<String> ofB = List.of("192.168.50.102", "2001:db8:50::102");
        give(a, ofA);
        give(b, ofB);
        flanneld.with("--public-ip=" + ofA.getFirst(), "--public-ipv6=" + ofA.getLast())
                .start();
        towpath("{}", "--public-ip", ofB.getFirst(), "--public-ipv6", ofB.getLast());
        assertTunnel(ofA, ofA, ofB, ofB);
    }

    /** flanneld goes on to send from its interface's address, Towpath sends from what it is reached by, as its node has it. */
    @Test
    void publicAddressesByAnnotation() {
        List<String> ofA = List.of("192.168.50.101", "2001:db8:50::101");
        List<String> ofB = List.of("192.168.50.102", "2001:db8:50::102");
        give(a, ofA);
        give(b, ofB);
        overwrite("a", ofA);
        overwrite("b", ofB);
        // flanneld takes its interface's first address, and the kernel lists the newest of IPv6 first.
        String own = a.addresses().getLast() + "/64";
        // By its status, Towpath's node knows who else that is; the lab's nodes tell of IPv4 there.
        lab.api.edit(
                "a",
                node -> ((ArrayNode) node.at("/status/addresses"))
                        .addObject()
                        .put("type", "InternalIP")
                        .put("address", a.addresses().getLast()));
        a.namespace().ip("address delete dev eth0 " + own, "address add dev eth0 " + own + " nodad");
        flanneld.start();
        towpath("{}");
        assertTunnel(ofA, a.addresses(), ofB, ofB);
        // While both run; flanneld reads its own at its start alone.
        List<String> next = List.of("192.168.50.112", "2001:db8:50::112");
        give(b, next);
        overwrite("b", next);
        assertTunnel(ofA, a.addresses(), next, next);
    }

    /** flanneld takes no note of a node of which one family's annotations alone are other ones, so Towpath sees to it that both are. */
    @Test
    void oneFamilysAddressAlone() {
        flanneld.start();
        towpath("{}");
        awaitEachOther();
        List<String> first = List.of("192.168.50.102", "2001:db8:50::102");
        give(b, first);
        lab.api.annotate("b", NodeObjects.FLANNEL + "public-ip-overwrite", first.getFirst());
        assertTunnelTo(first.getFirst(), b.addresses().getLast());
        lab.api.annotate("b", NodeObjects.FLANNEL + "public-ipv6-overwrite", first.getLast());
        assertTunnelTo(first.getFirst(), first.getLast());
        lab.api.annotate("b", NodeObjects.FLANNEL + "public-ip-overwrite", b.address());
        assertTunnelTo(b.address(), first.getLast());
    }

    private void assertTunnelTo(String address, String addressV6) {
        List<String> addresses = List.of(address, addressV6);
        assertTunnel(a.addresses(), a.addresses(), addresses, addresses);
    }

    private static void give(Node node, List<String> addresses) {
        node.namespace()
                .ip(
                        "address add dev eth0 " + addresses.getFirst() + "/24",
                        "address add dev eth0 " + addresses.getLast() + "/64 nodad");
    }

    private void overwrite(String node, List<String> addresses) {
        lab.api.annotate(
                node,
                NodeObjects.FLANNEL + "public-ip-overwrite",
                addresses.getFirst(),
                NodeObjects.FLANNEL + "public-ipv6-overwrite",
                addresses.getLast());
    }

    /**
     * Waits until each node is told to be reached by its addresses and is; its packets come from the address that they are to come from. Each
     * list has one address of each family.
     */
    private void assertTunnel(List<String> toA, List<String> fromA, List<String> toB, List<String> fromB) {
        Pod far = flanneld.pod("far").add();
        Pod web = b.pod("web").add();
        for (int family = 0; family < 2; family++) {
            String of = family == 0 ? "public-ip" : "public-ipv6";
            String device = family == 0 ? "flannel.1" : "flannel-v6.1";
            String local = family == 0 ? "local" : "local6";
            String sliceA = a.slices().get(family);
            String sliceB = b.slices().get(family);
            String addressA = toA.get(family);
            String addressB = toB.get(family);
            Await.until("b to " + addressA, () -> AgentLab.hasPeer(b.namespace(), sliceA, addressA));
            Await.until("a to " + addressB, () -> AgentLab.hasPeer(a.namespace(), sliceB, addressB));
            assertEquals(addressA, lab.api.annotation("a", NodeObjects.FLANNEL + of));
            assertEquals(addressB, lab.api.annotation("b", NodeObjects.FLANNEL + of));
            assertEquals(fromA.get(family), device(a, device).path(local).asText());
            assertEquals(fromB.get(family), device(b, device).path(local).asText());
            Path seen = b.folder().resolve("seen-" + addressB);
            try (Capture capture = new Capture(b.namespace(), "eth0", seen, "udp port 8472")) {
                far.ping(web.addresses().get(family));
                web.ping(far.addresses().get(family));
                capture.awaitPacket(" " + fromA.get(family) + ".", " " + addressB + ".8472", "vni 1");
                capture.awaitPacket(" " + fromB.get(family) + ".", " " + addressA + ".8472", "vni 1");
            }
        }
        far.del();
        web.del();
        far.close();
        web.close();
    }

    private void awaitEachOther() {
        AgentLab.awaitPeer(a, b);
        AgentLab.awaitPeer(b, a);
    }

    /** What of a device is VXLAN's. */
    private static JsonNode device(Node node, String name) {
        return node.namespace().show("-d", "link", "show", "dev", name).at("/0/linkinfo/info_data");
    }

    /** Both ways and by all families, as large as both pods' links take; one byte more is refused. */
    private static void assertFullPackets(Pod one, Pod other) {
        int mtu = Math.min(mtu(one), mtu(other));
        for (Pod from : List.of(one, other)) {
            for (String to : (from == one ? other : one).addresses()) {
                from.ping(to);
                Command.Outcome full = whole(from, to, mtu);
                assertEquals(0, full.exit(), full::toString);
                Command.Outcome larger = whole(from, to, mtu + 1);
                assertNotEquals(0, larger.exit(), larger::toString);
                assertTrue((larger.out() + larger.err()).contains("mtu"), larger::toString);
            }
        }
    }

    /** The second one is told how large it may be by a node in between. */
    private static Command.Outcome whole(Pod from, String to, int bytes) {
        String payload = String.valueOf(bytes - (to.contains(":") ? IPV6 : IPV4));
        return Network.tryPing(from.namespace(), to, "-M", "do", "-c", "2", "-i", "0.2", "-s", payload);
    }

    private static int mtu(Pod pod) {
        return pod.namespace().show("link", "show", "dev", "eth0").at("/0/mtu").asInt();
    }
}
