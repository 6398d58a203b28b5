package io.towpath.lab.agent;

import static io.towpath.lab.agent.AgentLab.awaitPeer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.towpath.lab.Await;
import io.towpath.lab.Capture;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.WhoAmI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Whose address packets have where they arrive: flannel's rules, one by one, and where ours are better. */
@OnLab
class MasqueradeTest {
    private static final Pattern SOURCE = Pattern.compile("IP6? ([0-9a-f.:]+) > \\S+ ICMP6?,? echo request");

    private static final int NODE_PORT = 30080;

    private int captures;

    private static Lab lab(boolean ipv6, String... options) {
        Lab lab = new Lab(Plugin.towpath())
                .families(true, ipv6)
                .withNodes("a", "b")
                .withGateway();
        for (String name : new String[] {"a", "b"}) {
            lab.node(name).agent().with(options).start().awaitReady();
        }
        awaitPeer(lab.node("a"), lab.node("b"));
        awaitPeer(lab.node("b"), lab.node("a"));
        return lab;
    }

    /** Who the pinged one sees. */
    private String seen(Lab lab, Namespace at, String link, Namespace from, String to, boolean answered) {
        captures++;
        try (Capture capture =
                new Capture(at, link, lab.folder().resolve("seen-" + captures), "(icmp or icmp6) and dst host " + to)) {
            if (answered) {
                Network.ping(from, to);
            } else {
                Network.tryPing(from, to, "-W", "0.5");
            }
            Await.until("the ping is seen", () -> SOURCE.matcher(capture.text()).find(), capture::text);
            Matcher matcher = SOURCE.matcher(capture.text());
            return matcher.find() ? matcher.group(1) : "";
        }
    }

    @Test
    void packetsOfPods() {
        try (Lab lab = lab(true)) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Pod web = a.pod("web").add();
            Pod near = a.pod("near").add();
            Pod far = b.pod("far").add();
            Namespace pod = web.namespace();
            String address = web.address();
            String address6 = web.addresses().get(1);
            // To the outside: the node's.
            assertEquals(a.address(), seen(lab, lab.underlay(), "br0", pod, Lab.OUTSIDE, true));
            assertEquals(a.addresses().get(1), seen(lab, lab.underlay(), "br0", pod, Lab.OUTSIDE_V6, true));
            // To other pods: their own.
            assertEquals(address, seen(lab, far.namespace(), "eth0", pod, far.address(), true));
            assertEquals(
                    address6,
                    seen(lab, far.namespace(), "eth0", pod, far.addresses().get(1), true));
            assertEquals(address, seen(lab, near.namespace(), "eth0", pod, near.address(), true));
            // To other nodes: their node's, to which their own node answers as to any other.
            assertEquals(a.address(), seen(lab, b.namespace(), "eth0", pod, b.address(), true));
            assertEquals(
                    a.addresses().get(1),
                    seen(lab, b.namespace(), "eth0", pod, b.addresses().get(1), true));
            // To their own node, and to another by its address in the overlay: their own.
            assertEquals(address, seen(lab, a.namespace(), web.hostLink(), pod, a.address(), true));
            assertEquals(address, seen(lab, b.namespace(), "flannel.1", pod, "10.244.2.0", true));
            // A node to another's pod: by its address in the overlay.
            assertEquals("10.244.1.0", seen(lab, far.namespace(), "eth0", a.namespace(), far.address(), true));
        }
    }

    @Test
    void packetsOfStrangersToPods() {
        try (Lab lab = lab(false)) {
            Node a = lab.node("a");
            Pod web = a.pod("web").add();
            Pod far = lab.node("b").pod("far").add();
            lab.underlay().ip("route add 10.244.0.0/16 via " + a.address());
            // To a pod of the node that they come by: their own. To another's: the node's, so that the answer comes
            // back this way.
            assertEquals(Lab.GATEWAY, seen(lab, web.namespace(), "eth0", lab.underlay(), web.address(), true));
            assertEquals("10.244.1.0", seen(lab, far.namespace(), "eth0", lab.underlay(), far.address(), true));
        }
    }

    @Test
    void whatAnotherHasMarkedForItselfIsLeftToIt() {
        try (Lab lab = lab(false)) {
            Node a = lab.node("a");
            Pod web = a.pod("web").add();
            // kube-proxy's bit, beside bits of others.
            a.namespace()
                    .run(
                            "nft",
                            "add table ip marker; add chain ip marker c { type filter hook forward priority 0; };"
                                    + "add rule ip marker c ip daddr " + Lab.OUTSIDE + " meta mark set 0x4001");
            assertEquals(web.address(), seen(lab, lab.underlay(), "br0", web.namespace(), Lab.OUTSIDE, false));
            a.namespace()
                    .run(
                            "nft",
                            "flush chain ip marker c; add rule ip marker c ip daddr " + Lab.OUTSIDE
                                    + " meta mark set 0x8001");
            Pod other = a.pod("other").add();
            assertEquals(a.address(), seen(lab, lab.underlay(), "br0", other.namespace(), Lab.OUTSIDE, true));
        }
    }

    @Test
    void nodesMaySeePods() {
        try (Lab lab = lab(false, "--masquerade-nodes=false")) {
            Node b = lab.node("b");
            Pod web = lab.node("a").pod("web").add();
            // The answer takes the tunnel.
            assertEquals(web.address(), seen(lab, b.namespace(), "eth0", web.namespace(), b.address(), false));
            Network.ping(web.namespace(), b.address());
        }
    }

    /**
     * A node that has no endpoint of a Service with externalTrafficPolicy Local drops what comes to it by that, but from pods of the cluster:
     * kube-proxy takes whoever is in the cluster's network for one of its own node.
     */
    @Test
    void aNodeTakesAnotherNodesPodForNoneOfItsOwn() {
        try (Lab lab = lab(true)) {
            Node b = lab.node("b");
            Pod web = lab.node("a").pod("web").add();
            b.namespace()
                    .run(
                            "nft",
                            "add table inet proxy; add chain inet proxy in { type filter hook prerouting priority -150; };"
                                    + "add rule inet proxy in ip saddr 10.244.0.0/16 tcp dport 30080 accept;"
                                    + "add rule inet proxy in ip6 saddr fd00:10:244::/56 tcp dport 30080 accept;"
                                    + "add rule inet proxy in tcp dport 30080 drop");
            WhoAmI.serve(b.namespace(), NODE_PORT);
            for (int family = 0; family < 2; family++) {
                String source = web.addresses().get(family);
                String node = b.addresses().get(family);
                assertFalse(PolicyLab.connects(web.namespace(), source, node, NODE_PORT));
            }
            b.namespace().run("nft", "delete table inet proxy");
            for (int family = 0; family < 2; family++) {
                assertEquals(
                        lab.node("a").addresses().get(family),
                        WhoAmI.ask(web.namespace(), "tcp", b.addresses().get(family), NODE_PORT));
            }
        }
    }

    @Test
    void nothingIsMasqueradedIfNotWanted() {
        try (Lab lab = lab(false, "--ip-masq=false")) {
            Pod web = lab.node("a").pod("web").add();
            assertEquals(web.address(), seen(lab, lab.underlay(), "br0", web.namespace(), Lab.OUTSIDE, false));
        }
    }
}
