package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Frame;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pod that forges sources, without an agent and without policies. What it sends is counted where it enters the node; the other
 * pod, whose addresses it sends with, counts what the node answers.
 */
@OnLab
class SourcesTest {
    private static final String NODES_MAC = "ee:ee:ee:ee:ee:ee";
    private static final String TABLE = "netdev towpath-sources";
    private static final List<String> FAR = List.of("198.51.100.1", "2001:db8:51::1");
    private static final int MANY = 400;

    @AutoClose
    private final Lab lab = new Lab(Plugin.towpath()).families(true, true).withNodes("a");

    private final Node a = lab.node("a");
    private final Pod victim = a.pod("victim").add();

    private Pod forger(boolean limited) {
        Pod pod = a.pod("forger");
        if (limited) {
            String limits = "{'egressRate': 100000000, 'egressBurst': 100000000}";
            pod.conf(pod.conf().runtimeConfig(Map.of("bandwidth", limits)));
        }
        return pod.add();
    }

    /** What comes to the other pod that it has not asked for. */
    private void countAnswers() {
        victim.namespace()
                .run(
                        "nft",
                        "add table inet seen; add chain inet seen c { type filter hook input priority 0; };"
                                + "add rule inet seen c icmp type { echo-reply, destination-unreachable, time-exceeded } counter;"
                                + "add rule inet seen c icmpv6 type { echo-reply, destination-unreachable, time-exceeded,"
                                + " parameter-problem } counter");
    }

    private long answers() {
        return counted(victim.namespace(), "list table inet seen");
    }

    private long dropped(Pod forger) {
        return counted(a.namespace(), "list chain " + TABLE + " " + forger.hostLink());
    }

    private static long counted(Namespace where, String list) {
        return where.run("nft", list)
                .lines()
                .filter(line -> line.contains("counter packets"))
                .mapToLong(line -> Long.parseLong(line.replaceFirst(".*counter packets (\\d+).*", "$1")))
                .sum();
    }

    private List<Frame> forged(int family) {
        String source = victim.addresses().get(family);
        String node = a.addresses().get(family);
        List<Frame> frames = new ArrayList<>(Frame.answeredEarly(source, node, FAR.get(family)));
        frames.add(Frame.echo(source, node));
        return frames;
    }

    /** Frames take their turns: when the pod's own last one is answered, those before it have been. */
    private static void send(Pod from, String node, List<Frame> frames) {
        Frame.send(from.namespace(), "eth0", NODES_MAC, frames);
        from.ping(node);
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "1, false", "1, true"})
    void nothingForgedGetsAnAnswer(int family, boolean limited) {
        // Answers find their ways, and no other check is asked.
        for (String key : List.of("all", "default")) {
            a.namespace().sysctl("net/ipv4/conf/" + key + "/rp_filter", "0");
        }
        a.namespace().ip("route add " + FAR.get(family) + " dev eth0");
        Pod forger = forger(limited);
        a.namespace().sysctl("net/ipv4/conf/" + forger.hostLink() + "/rp_filter", "0");
        countAnswers();
        String node = a.addresses().get(family);
        long before = dropped(forger);
        List<Frame> frames = forged(family);
        send(forger, node, frames);
        assertEquals(0, answers());
        assertEquals(frames.size(), dropped(forger) - before);

        a.namespace().run("nft", "delete table " + TABLE);
        send(forger, node, frames);
        Await.until("without the table all are answered", () -> answers() >= frames.size());
    }

    /** Each source would be remembered, and the node's table of neighbours is full with some. */
    @Test
    void nobodyBecomesANeighbourByForging() {
        Pod forger = forger(false);
        List<Frame> frames = new ArrayList<>();
        for (int i = 1; i <= MANY; i++) {
            frames.add(Frame.solicitation("fe80::bad:" + Integer.toHexString(i), "fe80::ecee:eeff:feee:eeee"));
        }
        frames.add(Frame.arp("203.0.113.7", "169.254.1.1"));
        long before = dropped(forger);
        send(forger, a.address(), frames);
        assertEquals(MANY + 1, dropped(forger) - before);
        assertFalse(neighbours(forger).contains("bad:"), "none is remembered");

        a.namespace().run("nft", "delete table " + TABLE);
        send(forger, a.address(), frames);
        Await.until(
                "without the table they are remembered",
                () -> neighbours(forger).contains("bad:"));
    }

    private String neighbours(Pod pod) {
        return a.namespace().run("ip", "neigh", "show", "dev", pod.hostLink());
    }

    /** Addresses that it tries before it uses them, groups that it joins, its link-local address. */
    @Test
    void whatIsTheProtocolsOwnPasses() {
        Pod pod = forger(false);
        long before = dropped(pod);
        pod.namespace().ip("address add 2001:db8:9::1/64 dev eth0");
        Await.until(
                "no duplicate of the address was found",
                () -> pod.namespace()
                        .run("ip", "-6", "address", "show", "dev", "eth0", "-tentative")
                        .contains("2001:db8:9::1"));
        pod.namespace().ip("address delete 2001:db8:9::1/64 dev eth0");
        pod.ping("fe80::ecee:eeff:feee:eeee%eth0");
        pod.ping(a.addresses().get(1));
        assertEquals(before, dropped(pod));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesWithThePod(boolean limited) {
        Pod pod = forger(limited);
        String link = pod.hostLink();
        assertTrue(has(link));
        pod.del();
        assertFalse(has(link));
        pod.add();
        // The namespace goes first.
        pod.namespace().ip("link delete eth0");
        pod.del();
        assertFalse(has(link));
        assertTrue(has(victim.hostLink()));
    }

    private boolean has(String link) {
        return a.namespace().run("nft", "list table " + TABLE).contains("chain " + link + " ");
    }
}
