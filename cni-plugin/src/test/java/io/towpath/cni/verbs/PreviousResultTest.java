package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists in which other plugins come before this one, as Nomad's begin with {@code loopback}. */
class PreviousResultTest {
    private static final String LOOPBACK = """
            {"cniVersion": "1.0.0",
             "interfaces": [{"name": "lo", "mac": "00:00:00:00:00:00", "sandbox": "/run/netns/pod"}],
             "ips": [{"address": "127.0.0.1/8", "interface": 0}, {"address": "::1/128", "interface": 0}],
             "routes": [{"dst": "192.0.2.0/24", "gw": "192.0.2.1"}, {"dst": "198.51.100.0/24"}],
             "dns": {"nameservers": ["192.0.2.53"]}}""";

    @TempDir
    private Path disk;

    private TestNode node;

    @BeforeEach
    void setUp() {
        node = new TestNode(disk);
    }

    private TestNode.Call add(String version) throws IOException {
        return node.call("ADD").conf("cniVersion", version).json("prevResult", LOOPBACK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"})
    void comesBeforeWhatIsMadeHere(String version) throws IOException {
        JsonNode alone =
                node.call("ADD").conf("cniVersion", version).run().good().json();
        node.call("DEL").run().good();
        JsonNode result = add(version).run().good().json();
        assertEquals("lo", result.at("/interfaces/0/name").asText());
        assertEquals(alone.at("/interfaces/0"), result.at("/interfaces/1"));
        assertEquals(alone.at("/interfaces/1"), result.at("/interfaces/2"));
        assertEquals(3, result.path("interfaces").size());
        assertEquals("127.0.0.1/8", result.at("/ips/0/address").asText());
        assertEquals(0, result.at("/ips/0/interface").asInt());
        assertEquals("10.1.2.3/32", result.at("/ips/2/address").asText());
        assertEquals(2, result.at("/ips/2/interface").asInt());
        assertEquals(3, result.path("ips").size());
        assertEquals("192.0.2.0/24", result.at("/routes/0/dst").asText());
        assertEquals(alone.at("/routes/0"), result.at("/routes/2"));
        assertEquals(alone.path("routes").size() + 2, result.path("routes").size());
        assertEquals("192.0.2.53", result.at("/dns/nameservers/0").asText());
        if (!version.startsWith("0.3")) {
            node.call("CHECK")
                    .conf("cniVersion", version)
                    .conf("prevResult", result)
                    .run()
                    .good();
        }
        node.call("DEL").conf("prevResult", result).run().good();
        assertEquals(0, node.leases().size());
    }

    /** A result of these versions tells one address of each family: whoever runs the pod wants to know that of eth0. */
    @ParameterizedTest
    @ValueSource(strings = {"0.1.0", "0.2.0"})
    void theOneAddressOfAFamilyIsThePods(String version) throws IOException {
        JsonNode result = node.call("ADD")
                .conf("cniVersion", version)
                .json(
                        "prevResult",
                        "{\"cniVersion\": \"0.2.0\", \"ip4\": {\"ip\": \"127.0.0.1/8\"},"
                                + " \"ip6\": {\"ip\": \"::1/128\", \"gateway\": \"fd00::1\"}}")
                .run()
                .good()
                .json();
        assertEquals("10.1.2.2/32", result.at("/ip4/ip").asText());
        assertEquals("::1/128", result.at("/ip6/ip").asText());
        assertEquals("fd00::1", result.at("/ip6/gateway").asText());
    }

    @Test
    void theOperatorsWordOnDnsCountsMore() throws IOException {
        JsonNode result = add("1.1.0")
                .json("dns", "{\"nameservers\": [\"10.96.0.10\"]}")
                .run()
                .good()
                .json();
        assertEquals("[\"10.96.0.10\"]", result.at("/dns/nameservers").toString());
    }

    @Test
    void checkStillSeesWhatIsMissingOfItsOwn() throws IOException {
        JsonNode result = add("1.1.0").run().good().json();
        node.call("DEL").run().good();
        String error = node.call("CHECK").conf("prevResult", result).run().error();
        assertTrue(error.startsWith("999 "), error);
    }
}
