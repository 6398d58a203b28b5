package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Answer;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Parallel;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.Sctp;
import io.towpath.lab.WhoAmI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Host ports, with packets from everywhere, and nft as the witness of what is in the kernel. */
@OnLab
class HostPortTest {
    private static final int PORT = 80;

    @AutoClose
    private final Lab lab = new Lab(Plugin.towpath()).families(true, true).withNodes("a", "b");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final String ipv4 = a.addresses().get(0);
    private final String ipv6 = a.addresses().get(1);

    private Pod pod(Node node, String name, String... mappings) {
        Pod pod = node.pod(name);
        return pod.conf(pod.conf().runtimeConfig(Map.of("portMappings", "[" + String.join(",", mappings) + "]")));
    }

    private static String mapping(int hostPort, String protocol, String hostIp) {
        return "{'hostPort': " + hostPort + ", 'containerPort': " + PORT + ", 'protocol': '" + protocol
                + "', 'hostIP': '" + hostIp + "'}";
    }

    private static String mapping(int hostPort, String protocol) {
        return "{'hostPort': " + hostPort + ", 'containerPort': " + PORT + ", 'protocol': '" + protocol + "'}";
    }

    private static void refused(Namespace from, String address, int port) {
        assertNotEquals(0, WhoAmI.tryAsk(from, "tcp", address, port).exit(), address + " " + port);
    }

    /** The elements of our table's sets and maps, without its revision; no table is none, too. */
    private static String elements(Node node) {
        String tables = node.namespace().run("nft", "list", "tables");
        if (!tables.contains("inet towpath-hostports")) {
            return "";
        }
        String table = node.namespace().run("nft", "list", "table", "inet", "towpath-hostports");
        StringBuilder elements = new StringBuilder();
        boolean inside = false;
        for (String line : table.lines().toList()) {
            inside |= line.contains("elements = {") && !line.contains("elements = { 0x");
            if (inside) {
                elements.append(line.strip()).append('\n');
            }
            inside &= !line.contains("}");
        }
        return elements.toString();
    }

    /** The address that the server saw. */
    private static String ask(Namespace from, String protocol, String address, int port) {
        if (!protocol.equals("sctp")) {
            return WhoAmI.ask(from, protocol, address, port);
        }
        String answer = Sctp.ask(from, address, port);
        assertNotNull(answer, "nobody answers at " + address + " " + port);
        return WhoAmI.shortest(answer);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp", "sctp"})
    void leadsToThePodFromEverywhere(String protocol) {
        Pod web = pod(a, "web", mapping(8080, protocol)).add();
        Pod neighbour = a.pod("neighbour").add();
        Pod far = b.pod("far").add();
        WhoAmI.serve(web.namespace(), PORT);
        try (Sctp _ = Sctp.serve(web.namespace(), PORT)) {
            for (int family = 0; family < 2; family++) {
                String node = a.addresses().get(family);
                // Whoever asks, the pod sees who it is.
                assertEquals(b.addresses().get(family), ask(b.namespace(), protocol, node, 8080));
                assertEquals(node, ask(a.namespace(), protocol, node, 8080));
                assertEquals(neighbour.addresses().get(family), ask(neighbour.namespace(), protocol, node, 8080));
                assertEquals(far.addresses().get(family), ask(far.namespace(), protocol, node, 8080));
                // But itself, to which no answer could find its way back.
                assertNotEquals(web.addresses().get(family), ask(web.namespace(), protocol, node, 8080));
            }
            // Nor could it to the node's loopback device.
            assertNotEquals("127.0.0.1", ask(a.namespace(), protocol, "127.0.0.1", 8080));
        }
        // The kernel routes no answer to ::1, so the answer is no at once.
        refused(a.namespace(), "::1", 8080);
        web.check().succeededSilently();
        web.del();
        refused(b.namespace(), ipv4, 8080);
        refused(b.namespace(), ipv6, 8080);
        assertEquals("", elements(a));
    }

    @Test
    void countsForOneAddressOnlyIfThatIsGiven() {
        Pod pod = pod(
                        a,
                        "web",
                        mapping(8081, "tcp", ipv4),
                        mapping(8082, "tcp", "127.0.0.1"),
                        mapping(8083, "tcp", ipv6),
                        mapping(8084, "tcp", "0.0.0.0"),
                        mapping(8085, "tcp", "::"))
                .add();
        WhoAmI.serve(pod.namespace(), PORT);
        Namespace from = b.namespace();
        assertEquals(b.address(), WhoAmI.ask(from, "tcp", ipv4, 8081));
        refused(a.namespace(), "127.0.0.1", 8081);
        refused(from, ipv6, 8081);
        WhoAmI.ask(a.namespace(), "tcp", "127.0.0.1", 8082);
        refused(from, ipv4, 8082);
        WhoAmI.ask(from, "tcp", ipv6, 8083);
        refused(from, ipv4, 8083);
        WhoAmI.ask(from, "tcp", ipv4, 8084);
        refused(from, ipv6, 8084);
        WhoAmI.ask(from, "tcp", ipv6, 8085);
        refused(from, ipv4, 8085);
        pod.check().succeededSilently();
        pod.del();
        assertEquals("", elements(a));
    }

    /** The node's own, by whichever of its addresses but ::1 itself; to a port of all addresses, and to one of ::1 alone. */
    @Test
    void loopbackOfIpv6LeadsWhoIsNotLoopback() {
        Pod web =
                pod(a, "web", mapping(8080, "tcp"), mapping(8086, "tcp", "::1")).add();
        WhoAmI.serve(web.namespace(), PORT);
        for (int port : new int[] {8080, 8086}) {
            String script = "echo | curl -sg --max-time 5 --interface \"$0\" telnet://[::1]:" + port;
            String seen = a.namespace()
                    .inside(Command.of("bash", "-c", script, ipv6))
                    .run()
                    .out()
                    .strip();
            assertEquals(ipv6, WhoAmI.shortest(seen));
            refused(a.namespace(), "::1", port);
        }
        refused(b.namespace(), ipv6, 8086);
        web.check().succeededSilently();
        web.del();
        assertEquals("", elements(a));
    }

    /** A pod may send to 127.0.0.1 by its link, and the links of pods with ports route that: it is for the node alone. */
    @Test
    void loopbackIsForTheNodeAlone() {
        Pod web = pod(a, "web", mapping(8082, "tcp", "127.0.0.1")).add();
        Pod other = pod(a, "other", mapping(8083, "tcp")).add();
        WhoAmI.serve(web.namespace(), PORT);
        WhoAmI.serve(a.namespace(), 9090);
        WhoAmI.ask(a.namespace(), "tcp", "127.0.0.1", 8082);
        other.namespace().sysctl("net/ipv4/conf/all/route_localnet", "1");
        other.namespace()
                .ip(
                        "route delete local 127.0.0.1 dev lo table local",
                        "route delete local 127.0.0.0/8 dev lo table local",
                        "route add 127.0.0.1 via 169.254.1.1 dev eth0 src " + other.address());
        refused(other.namespace(), "127.0.0.1", 8082);
        refused(other.namespace(), "127.0.0.1", 9090);
        // It is the table that refuses: without its rule the server hears of it, though its answer does not get far.
        a.namespace().run("nft", "flush", "chain", "inet", "towpath-hostports", "prerouting");
        other.namespace().background(Command.of("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9090"));
        Await.until(
                "the pod's question comes in",
                () -> a.namespace().run("ss", "-Htn", "state", "syn-recv").contains(other.address()));
    }

    @Test
    void manyAtOnceHaveTheirPortsAndOneOfThoseThatWantTheSame() {
        a.pod("first").add().del();
        NodeState before = a.state().without("last_reserved_ip");
        List<Pod> pods = new ArrayList<>();
        List<Pod> rivals = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            pods.add(pod(a, "p" + i, mapping(8000 + i, "tcp"), mapping(8000 + i, "udp")));
            rivals.add(pod(a, "r" + i, mapping(9000, "tcp")));
        }
        Parallel.run(12, pods, Pod::add);
        pods.forEach(each -> each.check().succeededSilently());
        Set<Pod> winners = ConcurrentHashMap.newKeySet();
        Parallel.run(12, rivals, each -> {
            Answer answer = each.tryAdd();
            if (answer.exit() == 0) {
                winners.add(each);
            } else {
                answer.failedWith(100);
            }
        });
        assertEquals(1, winners.size());
        winners.forEach(each -> each.check().succeededSilently());
        Parallel.run(12, rivals, Pod::del);
        pods.forEach(each -> each.check().succeededSilently());
        Parallel.run(12, pods, Pod::del);
        a.state().without("last_reserved_ip").assertSameAs(before);
    }

    /** Traffic that is under way follows the port to the next pod, though the client's port stays the same. */
    @ParameterizedTest
    @ValueSource(strings = {"udp", "sctp"})
    void whatIsUnderWayForgetsTheFormerPod(String protocol) {
        for (String name : List.of("first", "second")) {
            Pod pod = pod(a, name, mapping(5353, protocol)).add();
            WhoAmI.serve(pod.namespace(), PORT);
            try (Sctp _ = Sctp.serve(pod.namespace(), PORT)) {
                for (int family = 0; family < 2; family++) {
                    assertEquals(
                            b.addresses().get(family),
                            askFromOnePort(protocol, a.addresses().get(family)));
                }
            }
            pod.del();
        }
    }

    private String askFromOnePort(String protocol, String address) {
        return protocol.equals("sctp")
                ? ask(b.namespace(), protocol, address, 5353)
                : WhoAmI.shortest(WhoAmI.askFrom(b.namespace(), 40_000, address, 5353));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0.0.0.0", "192.168.50.1"})
    void portOfAnotherPodIsRefused(String hostIp) {
        Pod first = pod(a, "first", mapping(8080, "tcp")).add();
        WhoAmI.serve(first.namespace(), PORT);
        NodeState before = a.state();
        String ruleset = elements(a);
        Pod second = pod(a, "second", mapping(8079, "tcp"), mapping(8080, "tcp", hostIp));
        String error = second.tryAdd().failedWith(100);
        assertTrue(error.contains("8080") && error.contains(first.containerId()), error);
        a.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
        assertEquals(ruleset, elements(a));
        WhoAmI.ask(b.namespace(), "tcp", ipv4, 8080);
        second.del();
        assertEquals(ruleset, elements(a));
        pod(a, "third", mapping(8080, "udp", hostIp)).add().del();
        first.del();
        second.add();
        second.del();
    }

    /** kube-proxy's, or what a portmap plugin has left: ours comes first for a pod's port, theirs for all others. */
    @Test
    void rulesOfOthersGoOnForOtherPortsAlone() {
        Pod web = pod(a, "web", mapping(8080, "tcp")).add();
        WhoAmI.serve(web.namespace(), PORT);
        for (String hook : List.of("prerouting", "output")) {
            a.namespace()
                    .run(
                            "nft",
                            "add table ip others; add chain ip others %1$s { type nat hook %1$s priority -100; };"
                                            .formatted(hook)
                                    + " add rule ip others " + hook + " tcp dport 8080 dnat to 192.0.2.99:1;"
                                    + " add rule ip others " + hook + " ip daddr " + ipv4 + " tcp dport 8090 dnat to "
                                    + web.address() + ":" + PORT);
        }
        for (Namespace from : List.of(a.namespace(), b.namespace())) {
            WhoAmI.ask(from, "tcp", ipv4, 8080);
            WhoAmI.ask(from, "tcp", ipv4, 8090);
        }
    }

    /** Whoever had it would get what other nodes send by the overlay. */
    @Test
    void theOverlaysPortIsRefused() {
        Pod far = b.pod("far").add();
        a.pod("first").add().del();
        NodeState before = a.state();
        String error = pod(a, "web", mapping(8472, "udp")).tryAdd().failedWith(100);
        assertTrue(error.contains("udp 0.0.0.0:8472 is taken by the tunnel of interface flannel.1"), error);
        a.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
        a.pod("second").add().ping(far.address());
    }

    @Test
    void gcTakesThePortsToo() {
        Pod one = pod(a, "one", mapping(8081, "tcp")).add();
        pod(a, "two", mapping(8082, "tcp"), mapping(8082, "udp")).add();
        a.gc(one).succeededSilently();
        assertTrue(elements(a).contains("8081") && !elements(a).contains("8082"), elements(a));
        a.gc().succeededSilently();
        assertEquals("", elements(a));
    }

    @Test
    void delFindsWhatIsThereWithoutBeingTold() {
        Pod pod = pod(a, "web", mapping(8080, "tcp")).add();
        Pod other = pod(a, "other", mapping(8081, "tcp")).add();
        String before = elements(a);
        for (int i = 0; i < 2; i++) {
            pod.call("DEL")
                    .stdin(a.conf())
                    .with("CNI_NETNS", "")
                    .without("CNI_ARGS")
                    .run()
                    .succeededSilently();
            assertTrue(elements(a).contains("8081") && !elements(a).contains("8080"), elements(a));
        }
        other.check().succeededSilently();
        a.namespace().run("nft", "delete", "table", "inet", "towpath-hostports");
        assertNotEquals(before, elements(a));
        other.del();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "flush map inet towpath-hostports ipv4",
                "flush map inet towpath-hostports ipv6",
                "flush set inet towpath-hostports hairpin-ipv4",
                "flush chain inet towpath-hostports prerouting",
                "flush chain inet towpath-hostports ports",
                "delete table inet towpath-hostports",
            })
    void checkFindsWhatIsGoneAndTheNextAddMendsTheRules(String change) {
        Pod web = pod(a, "web", mapping(8080, "tcp")).add();
        web.check().succeededSilently();
        a.namespace().run(("nft " + change).split(" "));
        web.check().failedWith(999);
        web.del();
        web.add();
        web.check().succeededSilently();
        WhoAmI.serve(web.namespace(), PORT);
        assertEquals(b.address(), WhoAmI.ask(b.namespace(), "tcp", ipv4, 8080));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'containerPort': 80}",
                "{'hostPort': 8080}",
                "{'hostPort': 0, 'containerPort': 80}",
                "{'hostPort': 65536, 'containerPort': 80}",
                "{'hostPort': 8080, 'containerPort': -1}",
                "{'hostPort': 8080, 'containerPort': 80, 'protocol': 'icmp'}",
                "{'hostPort': 8080, 'containerPort': 80, 'hostIP': 'banana'}",
                "{'hostPort': 8080, 'containerPort': 80}, {'hostPort': 8080, 'containerPort': 81}",
            })
    void whatCannotBeMeantIsRefused(String mappings) {
        a.pod("first").add().del();
        NodeState before = a.state();
        pod(a, "web", mappings).tryAdd().failedWith(7);
        a.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
        // The first pod's, with nothing in it.
        assertEquals(
                List.of("table netdev towpath-sources"),
                a.namespace().run("nft", "list", "tables").lines().toList());
    }
}
