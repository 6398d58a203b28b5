package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bandwidth limits: what gets through, and what is in the kernel for it by tc's witness. */
@OnLab
class BandwidthTest {
    private static final String LIMITS =
            "{'ingressRate': 40000000, 'ingressBurst': 400000, 'egressRate': 80000000, 'egressBurst': 800000}";
    private static final int INGRESS_BYTES = 5_000_000;
    private static final int EGRESS_BYTES = 10_000_000;
    private static final int PAGE = 6_000_000;

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();

    private Pod limited(String name, String limits) {
        Pod pod = node.pod(name);
        return pod.conf(pod.conf().runtimeConfig(Map.of("bandwidth", limits)));
    }

    private static JsonNode tc(Namespace at, String... words) {
        List<String> command = new java.util.ArrayList<>(List.of("tc", "-j"));
        command.addAll(List.of(words));
        try {
            return new ObjectMapper().readTree(at.run(command.toArray(String[]::new)));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** In bytes per second. */
    private static double speed(Pod from, Pod to) {
        return Double.parseDouble(to.namespace()
                .run(
                        "curl",
                        "-gsS",
                        "--noproxy",
                        "*",
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{speed_download}",
                        "http://" + from.address() + "/"));
    }

    /** A token bucket lets pass no more than burst and rate; how much less it is depends on the machine. */
    @Test
    void noMoreGetsThroughThanTheLimit() {
        Pod slow = limited("slow", LIMITS).add();
        Pod fast = node.pod("fast").add();
        slow.serve(80, "x".repeat(PAGE));
        fast.serve(80, "x".repeat(PAGE));
        double ingress = speed(fast, slow);
        double egress = speed(slow, fast);
        System.out.printf(
                "BandwidthTest: in %.2f of %.2f MB/s, out %.2f of %.2f MB/s%n",
                ingress / 1e6, INGRESS_BYTES / 1e6, egress / 1e6, EGRESS_BYTES / 1e6);
        assertTrue(ingress < 1.2 * INGRESS_BYTES, "bytes per second in: " + ingress);
        assertTrue(egress < 1.2 * EGRESS_BYTES, "bytes per second out: " + egress);
        slow.check().succeededSilently();
    }

    /** With a burst of 2^32 - 1 bits, all of the page would pass at once. */
    @Test
    void aRateAloneIsKeptFromTheFirstByte() {
        String limits = "{'ingressRate': 40000000, 'ingressBurst': 4294967295,"
                + " 'egressRate': 80000000, 'egressBurst': 34359738359}";
        Pod slow = limited("slow", limits).add();
        Pod fast = node.pod("fast").add();
        slow.serve(80, "x".repeat(PAGE));
        fast.serve(80, "x".repeat(PAGE));
        double ingress = speed(fast, slow);
        double egress = speed(slow, fast);
        assertTrue(ingress < 1.2 * INGRESS_BYTES, "bytes per second in: " + ingress);
        assertTrue(egress < 1.2 * EGRESS_BYTES, "bytes per second out: " + egress);
        slow.check().succeededSilently();
    }

    @Test
    void tcShowsWhatWasAskedFor() {
        NodeState before = node.pod("first").add().node().state();
        Pod pod = limited("slow", LIMITS).add();
        String device = pod.result().path("interfaces").path(2).path("name").asText();
        JsonNode bucket = tc(node.namespace(), "qdisc", "show", "dev", pod.hostLink(), "root");
        assertEquals("tbf", bucket.path(0).path("kind").asText());
        assertEquals(INGRESS_BYTES, bucket.path(0).path("options").path("rate").asInt());
        assertEquals(50_000, bucket.path(0).path("options").path("burst").asInt(), 8);
        JsonNode egress = tc(node.namespace(), "qdisc", "show", "dev", device, "root");
        assertEquals(EGRESS_BYTES, egress.path(0).path("options").path("rate").asInt());
        JsonNode filters = tc(node.namespace(), "filter", "show", "dev", pod.hostLink(), "ingress");
        assertEquals(device, filters.findValue("to_dev").asText());
        assertEquals(
                1400 + 50,
                node.namespace()
                        .show("link", "show", device)
                        .path(0)
                        .path("mtu")
                        .asInt());
        pod.del();
        node.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
        assertTrue(!node.namespace().hasLink(device));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tc qdisc delete dev CALI root | has noqueue, not tbf",
                "tc qdisc replace dev CALI root tbf rate 1mbit burst 50k limit 1m | has tbf",
                "tc filter delete dev CALI ingress | does not go through",
                "ip link set IFB down | is down",
                "ip link delete IFB | is missing",
            })
    void checkFindsWhatIsChanged(String change, String expected) {
        Pod pod = limited("slow", LIMITS).add();
        pod.check().succeededSilently();
        String device = pod.result().path("interfaces").path(2).path("name").asText();
        node.namespace()
                .run(change.replace("CALI", pod.hostLink())
                        .replace("IFB", device)
                        .split(" "));
        String error = pod.check().failedWith(999);
        assertTrue(error.contains(expected), error);
        pod.del();
        assertTrue(!node.namespace().hasLink(device));
    }

    @Test
    void gcTakesTheDeviceToo() {
        Pod one = limited("one", LIMITS).add();
        Pod two = limited("two", LIMITS).add();
        node.gc(one).succeededSilently();
        assertEquals(1, devices());
        one.check().succeededSilently();
        one.close();
        node.gc().succeededSilently();
        assertEquals(0, devices());
        two.del();
    }

    private long devices() {
        return node.namespace().show("-d", "link").findValuesAsText("info_kind").stream()
                .filter("ifb"::equals)
                .count();
    }
}
