package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Capture;
import io.towpath.lab.Command;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
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
