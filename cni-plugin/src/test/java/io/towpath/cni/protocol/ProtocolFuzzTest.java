package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever comes in, what goes out is a success or an error that a runtime understands. */
class ProtocolFuzzTest {
    private static final String[] KEYS = {
        "cniVersion",
        "name",
        "type",
        "capabilities",
        "runtimeConfig",
        "args",
        "cni",
        "ipam",
        "dns",
        "prevResult",
        "ipMasq",
        "cni.dev/valid-attachments",
        "containerID",
        "ifname",
        "mtu",
        "clusterFile",
        "stateDir",
        "subnetEnv",
        "ips",
        "mac",
        "ipRanges",
        "aliases",
        "portMappings",
        "bandwidth",
        "ingressRate",
        "servers",
        "interfaces",
        "routes",
        "ip4",
        "ip6",
        "ip",
        "interface",
        "address",
        "gateway",
        "dst",
        "gw",
        "priority",
        "table",
        "scope",
        "x"
    };
    private static final String[] VALUES = {
        "null",
        "true",
        "0",
        "-1",
        "1500",
        "1e9",
        "99999999999999999999",
        "\"\"",
        "\"a\"",
        "\"1.1.0\"",
        "\"0.2.0\"",
        "\"10.0.0.1/24\"",
        "\"10.0.0.1\"",
        "\"2001:db8::1/64\"",
        "\"::ffff:10.0.0.1/120\"",
        "\"02:00:00:00:00:01\"",
        "\"/run/x\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "[]",
        "{}"
    };

    @Property
    void anyBytes(@ForAll byte[] document, @ForAll("verbs") String verb) {
        assertAnswered(call(verb, document));
    }

    @Property
    void anyDocumentOfKnownKeys(@ForAll long seed, @ForAll("verbs") String verb) {
        assertAnswered(call(verb, document(new Random(seed)).getBytes(StandardCharsets.UTF_8)));
    }

    @Property
    void documentWithABrokenByte(@ForAll long seed, @ForAll("verbs") String verb) {
        Random random = new Random(seed);
        byte[] document = document(random).getBytes(StandardCharsets.UTF_8);
        document[random.nextInt(document.length)] = (byte) random.nextInt();
        assertAnswered(call(verb, document));
    }

    @Property
    void anyEnvironment(
            @ForAll String command,
            @ForAll String containerId,
            @ForAll String netns,
            @ForAll String ifName,
            @ForAll String args) {
        Call call = Call.of("ADD", "1.1.0")
                .with("CNI_CONTAINERID", containerId)
                .with("CNI_NETNS", netns)
                .with("CNI_IFNAME", ifName)
                .with("CNI_ARGS", args);
        assertAnswered(call);
        assertAnswered(Call.of("DEL", "1.1.0").with("CNI_ARGS", args));
        if (!command.isEmpty()) {
            assertAnswered(Call.of(command, "1.1.0"));
        }
    }

    @Provide
    Arbitrary<String> verbs() {
        return Arbitraries.of("ADD", "DEL", "CHECK", "GC", "STATUS");
    }

    private static Call call(String verb, byte[] document) {
        Call call = Call.of(verb, "1.1.0");
        call.result = ResultSamples.FULL;
        call.stdin = new ByteArrayInputStream(document);
        return call;
    }

    private static void assertAnswered(Call call) {
        Call.Outcome outcome = call.run();
        if (outcome.exitCode() == 0) {
            if (outcome.called().contains("add")) {
                assertTrue(outcome.json().path("cniVersion").isTextual(), outcome.stdout());
            }
            return;
        }
        JsonNode error = outcome.error();
        assertTrue(error.path("code").intValue() > 0, outcome.stdout());
        assertNotEquals(999, error.path("code").intValue(), outcome.stdout());
        assertTrue(error.path("msg").isTextual(), outcome.stdout());
        assertTrue(CniVersion.SUPPORTED.contains(error.path("cniVersion").textValue()), outcome.stdout());
        assertEquals(0, outcome.called().size(), outcome.stdout());
    }

    private static String document(Random random) {
        StringBuilder json = new StringBuilder("{\"cniVersion\": \"1.1.0\", \"name\": \"net\"");
        for (int i = random.nextInt(6); i > 0; i--) {
            json.append(", ");
            field(json, random, 0);
        }
        return json.append('}').toString();
    }

    private static void field(StringBuilder json, Random random, int depth) {
        json.append('"').append(KEYS[random.nextInt(KEYS.length)]).append("\": ");
        value(json, random, depth);
    }

    private static void value(StringBuilder json, Random random, int depth) {
        int kind = depth > 4 ? 0 : random.nextInt(3);
        if (kind == 0) {
            json.append(VALUES[random.nextInt(VALUES.length)]);
            return;
        }
        json.append(kind == 1 ? '{' : '[');
        for (int i = random.nextInt(4); i >= 0; i--) {
            if (kind == 1) {
                field(json, random, depth + 1);
            } else {
                value(json, random, depth + 1);
            }
            json.append(i > 0 ? ", " : "");
        }
        json.append(kind == 1 ? '}' : ']');
    }
}
