package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What ADD answers in every version of the protocol, and that the answer is what the kernel shows. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResultTest {
    static final List<String> VERSIONS = NetConf.VERSIONS;

    @AutoClose
    private final Lab lab =
            new Lab(io.towpath.lab.Plugin.towpath()).families(true, true).withNodes("a", "b");

    private final Node node = lab.node("a");
    private int count;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(NetConf.shipped().name(), node.conf().name());
        node.leases().assertEmpty();
        assertFalse(node.namespace().show("link").toString().contains("\"cali"));
    }

    private Pod pod(NetConf conf) {
        return node.pod("p" + count++).conf(conf);
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void wholeLife(String version) {
        try (Pod pod = pod(node.conf().version(version)).add()) {
            ObjectNode result = pod.result();
            assertEquals(version, result.path("cniVersion").asText());
            assertEquals(2, pod.addresses().size(), result.toString());
            assertTrue(pod.addresses().get(0).startsWith("10.244.1."), result.toString());
            assertTrue(pod.addresses().get(1).startsWith("fd00:10:244:1:"), result.toString());
            switch (version) {
                case "0.1.0", "0.2.0" -> assertOldest(pod);
                default -> assertWithInterfaces(pod, version);
            }
            pod.ping(node.address());
            pod.check(version);
            if (version.equals("1.1.0")) {
                node.call("STATUS", pod.conf()).run().succeededSilently();
                node.gc(pod.conf(), pod).succeededSilently();
                pod.check().succeededSilently();
            }
            pod.del();
            pod.del();
        }
    }

    private static void assertOldest(Pod pod) {
        ObjectNode result = pod.result();
        for (int i = 0; i < 2; i++) {
            boolean ipv6 = i == 1;
            JsonNode family = result.path(ipv6 ? "ip6" : "ip4");
            assertEquals(
                    pod.addresses().get(i) + (ipv6 ? "/128" : "/32"),
                    family.path("ip").asText());
            assertEquals(
                    ipv6 ? "::/0" : "0.0.0.0/0",
                    family.path("routes").path(0).path("dst").asText(),
                    result.toString());
        }
        assertFalse(result.has("interfaces"), result.toString());
        assertFalse(result.has("ips"), result.toString());
        assertFalse(result.has("routes"), result.toString());
    }

    private void assertWithInterfaces(Pod pod, String version) {
        ObjectNode result = pod.result();
        assertFalse(result.has("ip4"), result.toString());
        JsonNode host = result.path("interfaces").path(0);
        JsonNode inner = result.path("interfaces").path(1);
        assertEquals(2, result.path("interfaces").size());
        assertEquals("ee:ee:ee:ee:ee:ee", host.path("mac").asText());
        assertTrue(host.path("sandbox").asText().isEmpty());
        assertEquals("eth0", inner.path("name").asText());
        assertEquals(pod.namespace().path().toString(), inner.path("sandbox").asText());

        JsonNode hostLink = node.namespace()
                .show("link", "show", "dev", host.path("name").asText())
                .path(0);
        JsonNode innerLink = pod.namespace().show("link", "show", "dev", "eth0").path(0);
        assertEquals("ee:ee:ee:ee:ee:ee", hostLink.path("address").asText());
        assertEquals(innerLink.path("address").asText(), inner.path("mac").asText());
        // 1.0.0 has no such key, but the reference library's types of the two versions are the same.
        boolean tellsMtu = version.startsWith("1.");
        for (JsonNode each : result.path("interfaces")) {
            assertEquals(tellsMtu, each.has("mtu"), result.toString());
        }
        if (tellsMtu) {
            assertEquals(innerLink.path("mtu"), inner.path("mtu"));
        }

        boolean familyIsTold = version.compareTo("1.0.0") < 0;
        for (int i = 0; i < 2; i++) {
            JsonNode ip = result.path("ips").path(i);
            assertEquals(
                    familyIsTold ? i == 0 ? "4" : "6" : "", ip.path("version").asText(), result.toString());
            assertEquals(1, ip.path("interface").asInt());
            assertTrue(ip.path("address").asText().endsWith(i == 0 ? "/32" : "/128"), result.toString());
            assertTrue(pod.namespace()
                    .show("address", "show", "dev", "eth0")
                    .toString()
                    .contains('"' + pod.addresses().get(i) + '"'));
        }
        assertEquals("0.0.0.0/0", result.path("routes").path(0).path("dst").asText(), result.toString());
        assertEquals("::/0", result.path("routes").path(1).path("dst").asText(), result.toString());
        assertEquals("default", pod.namespace().show("route").findPath("dst").asText());
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void capabilitiesAreHonoured(String version) {
        NetConf conf = node.conf()
                .version(version)
                .runtimeConfig(Map.of(
                        "mac", "'02:11:22:33:44:55'",
                        "ips", "['10.244.1.77/24', 'fd00:10:244:1::77']",
                        "dns", "{'servers': ['10.96.0.10'], 'searches': ['lab.svc'], 'options': ['ndots:5']}",
                        "aliases", "['web']"));
        try (Pod pod = pod(conf).add()) {
            assertEquals(List.of("10.244.1.77", "fd00:10:244:1::77"), pod.addresses());
            assertEquals(
                    "02:11:22:33:44:55",
                    pod.namespace()
                            .show("link", "show", "dev", "eth0")
                            .path(0)
                            .path("address")
                            .asText());
            assertEquals(
                    Json.object("{'nameservers': ['10.96.0.10'], 'search': ['lab.svc'], 'options': ['ndots:5']}"),
                    pod.result().path("dns"));
            pod.del();
        }
    }
}
