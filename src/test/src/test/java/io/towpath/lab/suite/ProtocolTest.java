package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Answer;
import io.towpath.lab.Call;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The cases of the reference library's pkg/skel, from the outside: environment, names, versions. Nothing may change on the node. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProtocolTest {
    private static final List<String> ALL = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0");

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final Pod pod = node.pod("web");
    private NodeState before = node.state();

    @BeforeEach
    void newestVersion() {
        pod.conf(node.conf().version("1.1.0"));
        before = node.state();
    }

    @AfterEach
    void nothingHasChanged() {
        node.state().assertSameAs(before);
    }

    private Call call(String verb) {
        return switch (verb) {
            case "GC", "STATUS" -> node.call(verb, pod.conf());
            default -> pod.call(verb);
        };
    }

    @Test
    void versionNeedsNothingButTheVerb() {
        Call call = node.call("VERSION", pod.conf()).without("CNI_PATH");
        for (String stdin : List.of("", "not JSON", "{\"cniVersion\": \"9.9.9\"}")) {
            JsonNode answer = call.stdin(stdin).run().result();
            assertEquals("1.1.0", answer.path("cniVersion").asText());
            List<String> versions = new ArrayList<>();
            answer.path("supportedVersions").forEach(version -> versions.add(version.asText()));
            assertEquals(ALL, versions);
        }
    }

    @Test
    void withoutVerbItSaysWhatItIs() {
        Answer answer = call("ADD").without("CNI_COMMAND").run().succeeded();
        assertEquals("", answer.out());
        assertTrue(answer.err().startsWith("CNI plugin towpath "), answer.err());
        assertTrue(answer.err().contains("CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0"), answer.err());
    }

    @ParameterizedTest
    @CsvSource({
        "ADD, CNI_CONTAINERID",
        "ADD, CNI_NETNS",
        "ADD, CNI_IFNAME",
        "ADD, CNI_PATH",
        "CHECK, CNI_CONTAINERID",
        "CHECK, CNI_NETNS",
        "CHECK, CNI_IFNAME",
        "CHECK, CNI_PATH",
        "DEL, CNI_CONTAINERID",
        "DEL, CNI_IFNAME",
        "DEL, CNI_PATH",
        "GC, CNI_PATH",
        "STATUS, CNI_PATH"
    })
    void missingVariable(String verb, String variable) {
        assertEquals(
                "required env variables [" + variable + "] missing; ",
                call(verb).without(variable).run().failedWith(4));
        assertEquals(
                "required env variables [" + variable + "] missing; ",
                call(verb).with(variable, "").run().failedWith(4));
    }

    @ParameterizedTest
    @CsvSource({
        "ADD, 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'",
        "CHECK, 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'",
        "DEL, 'CNI_CONTAINERID,CNI_IFNAME,CNI_PATH'"
    })
    void allMissingVariablesAreToldTogether(String verb, String variables) {
        Answer answer = call(verb)
                .without("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")
                .run();
        assertEquals("required env variables [" + variables + "] missing; ", answer.failedWith(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DEL", "GC", "STATUS"})
    void verbsThatNeedNoNamespace(String verb) {
        if (verb.equals("STATUS")) {
            // The overlay does not stand and may not be built by STATUS; what counts is that the variables suffice.
            Answer answer = call(verb).run();
            assertTrue(answer.exit() == 0 || answer.error().path("code").asInt() >= 50, answer.toString());
        } else {
            call(verb).without("CNI_NETNS").run().succeededSilently();
        }
    }

    @Test
    void unknownVerb() {
        assertEquals("unknown CNI_COMMAND: NOPE; ", call("NOPE").run().failedWith(4));
        assertEquals("unknown CNI_COMMAND: add; ", call("add").run().failedWith(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ADD", "CHECK", "DEL", "GC", "STATUS"})
    void nameOfTheNetwork(String verb) {
        assertTrue(
                call(verb).stdin(pod.conf().without("name")).run().failedWith(7).startsWith("missing network name"));
        for (String name : List.of("test%%_net", "../x", ".x", "-x", "a/b", "a b", "ä")) {
            assertTrue(
                    call(verb)
                            .stdin(pod.conf().name(name))
                            .run()
                            .failedWith(7)
                            .startsWith("invalid characters found in network name"),
                    name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ADD", "CHECK", "DEL"})
    void containerId(String verb) {
        for (String id : List.of("some-%%container-id", "../x", ".x", "-x", "a/b", "a b", "ä")) {
            assertEquals(
                    "invalid characters in containerID; " + id,
                    call(verb).with("CNI_CONTAINERID", id).run().failedWith(4));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ADD", "CHECK", "DEL"})
    void interfaceName(String verb) {
        assertEquals(
                "interface name is too long; interface name should be less than 16 characters",
                call(verb).with("CNI_IFNAME", "1234567890123456").run().failedWith(4));
        for (String name : List.of(".", "..")) {
            assertEquals(
                    "interface name is . or ..; ",
                    call(verb).with("CNI_IFNAME", name).run().failedWith(4));
        }
        for (String name : List.of("test/test", "test:test", "test test", "../x", "a\tb")) {
            assertEquals(
                    "interface name contains / or : or whitespace characters; ",
                    call(verb).with("CNI_IFNAME", name).run().failedWith(4));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ADD, 9.8.7",
        "ADD, 1.1",
        "ADD, 0.5.0",
        "DEL, 9.8.7",
        "CHECK, 0.9.9",
    })
    void versionThatIsNotSpoken(String verb, String version) {
        assertEquals(
                "incompatible CNI versions; config is \"" + version + "\", plugin supports "
                        + "[\"0.1.0\" \"0.2.0\" \"0.3.0\" \"0.3.1\" \"0.4.0\" \"1.0.0\" \"1.1.0\"]",
                call(verb).stdin(pod.conf().version(version)).run().failedWith(1));
    }

    @ParameterizedTest
    @CsvSource({"CHECK, 0.1.0", "CHECK, 0.3.1", "CHECK, ''", "GC, 0.4.0", "GC, 1.0.0", "STATUS, 0.4.0", "STATUS, 1.0.0"
    })
    void versionThatIsTooOldForTheVerb(String verb, String version) {
        assertEquals(
                "config version does not allow " + verb + "; ",
                call(verb).stdin(pod.conf().version(version)).run().failedWith(1));
    }

    @ParameterizedTest
    @CsvSource({"CHECK, 2.0.0", "GC, 1.1.1", "STATUS, 10.0.0"})
    void versionThatIsTooNew(String verb, String version) {
        assertEquals(
                "plugin version does not allow " + verb + "; ",
                call(verb).stdin(pod.conf().version(version)).run().failedWith(1));
    }

    @Test
    void checkNeedsThePreviousResult() {
        assertEquals("Required prevResult missing; ", call("CHECK").run().failedWith(7));
    }

    @Test
    void previousResultThatCannotBeReadStopsCheckButNotDel() {
        String conf = pod.conf()
                .with("prevResult", Json.object("{'cniVersion': '1.1.0', 'ips': 7}"))
                .toString();
        call("CHECK").stdin(conf).run().failedWith(6);
        assertEquals("", call("DEL").stdin(conf).run().succeeded().out());
    }

    @Test
    void errorsSpeakTheVersionOfTheConfig() {
        for (String version : ALL) {
            Answer answer = call("ADD")
                    .stdin(pod.conf().version(version).with("mtu", -1))
                    .run();
            assertEquals(version, answer.error().path("cniVersion").asText());
        }
    }

    @Test
    void argumentsThatAreNone() {
        call("ADD").with("CNI_ARGS", "no equals sign").run().failedWith(4);
        call("ADD").with("CNI_ARGS", "IgnoreUnknown=0;BANANA=1").run().failedWith(4);
    }

    @Test
    void ownNamespaceOfTheNode() {
        String self = "/proc/self/ns/net";
        for (String verb : List.of("ADD", "DEL")) {
            assertEquals(
                    "plugin's netns and netns from CNI_NETNS should not be the same; ",
                    call(verb).with("CNI_NETNS", self).run().failedWith(8));
            assertEquals(
                    "plugin's netns and netns from CNI_NETNS should not be the same; ",
                    call(verb)
                            .with("CNI_NETNS", node.namespace().path().toString())
                            .run()
                            .failedWith(8));
        }
    }

    @Test
    void tracingVariablesOfNewerRuntimesAreNoHindrance() {
        call("DEL")
                .with("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .with("TRACESTATE", "a=b")
                .with("BAGGAGE", "c=d")
                .run()
                .succeededSilently();
    }
}
