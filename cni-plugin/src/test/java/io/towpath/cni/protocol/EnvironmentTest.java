package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the environment must and may hold, verb by verb. */
class EnvironmentTest {
    @ParameterizedTest
    @CsvSource({
        "ADD, CNI_CONTAINERID, true",
        "ADD, CNI_NETNS, true",
        "ADD, CNI_IFNAME, true",
        "ADD, CNI_ARGS, false",
        "ADD, CNI_PATH, true",
        "CHECK, CNI_CONTAINERID, true",
        "CHECK, CNI_NETNS, true",
        "CHECK, CNI_IFNAME, true",
        "CHECK, CNI_ARGS, false",
        "CHECK, CNI_PATH, true",
        "DEL, CNI_CONTAINERID, true",
        "DEL, CNI_NETNS, false",
        "DEL, CNI_IFNAME, true",
        "DEL, CNI_ARGS, false",
        "DEL, CNI_PATH, true",
        "GC, CNI_CONTAINERID, false",
        "GC, CNI_NETNS, false",
        "GC, CNI_IFNAME, false",
        "GC, CNI_ARGS, false",
        "GC, CNI_PATH, true",
        "STATUS, CNI_CONTAINERID, false",
        "STATUS, CNI_NETNS, false",
        "STATUS, CNI_IFNAME, false",
        "STATUS, CNI_ARGS, false",
        "STATUS, CNI_PATH, true",
        "VERSION, CNI_CONTAINERID, false",
        "VERSION, CNI_NETNS, false",
        "VERSION, CNI_IFNAME, false",
        "VERSION, CNI_ARGS, false",
        "VERSION, CNI_PATH, false"
    })
    void variableIsRequiredOrOptional(String verb, String variable, boolean required) {
        for (String absent : new String[] {null, ""}) {
            Call call = Call.of(verb, "1.1.0").without(variable);
            if (absent != null) {
                call.with(variable, absent);
            }
            Call.Outcome outcome = call.run();
            if (required) {
                outcome.assertError(4, "required env variables [" + variable + "] missing", "");
            } else {
                assertEquals(0, outcome.exitCode(), outcome.stdout());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ADD | CNI_NETNS,CNI_IFNAME,CNI_PATH",
                "CHECK | CNI_NETNS,CNI_IFNAME,CNI_PATH",
                "ADD | CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH",
                "DEL | CNI_CONTAINERID,CNI_IFNAME,CNI_PATH"
            })
    void allThatIsMissingIsReportedTogether(String verb, String variables) {
        Call.of(verb, "1.1.0")
                .without(variables.split(",", -1))
                .run()
                .assertError(4, "required env variables [" + variables + "] missing", "");
    }

    @Test
    void whatIsWrongIsReportedBeforeWhatIsMissing() {
        Call.of("ADD", "1.1.0")
                .with("CNI_CONTAINERID", "../x")
                .without("CNI_PATH")
                .run()
                .assertError(4, "invalid characters in containerID", "../x");
    }

    @Test
    void withoutVerbTheAboutTextGoesToStderr() {
        for (String absent : new String[] {null, ""}) {
            Call call = Call.of("ADD", "1.1.0").without("CNI_COMMAND");
            if (absent != null) {
                call.with("CNI_COMMAND", absent);
            }
            Call.Outcome outcome = call.run();
            outcome.assertSuccess();
            assertEquals("", outcome.stdout());
            assertEquals(
                    Call.ABOUT + "\nCNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n",
                    outcome.stderr());
        }
    }

    @Test
    void unknownVerbIsNamed() {
        Call.of("NOPE", "1.1.0").run().assertError(4, "unknown CNI_COMMAND: NOPE", "");
        Call.of("add", "1.1.0").run().assertError(4, "unknown CNI_COMMAND: add", "");
    }

    @Test
    void unknownVerbComesAfterTheConfiguration() {
        new Call("NOPE", "{}").run().assertError(7, "missing network name", "");
        new Call("NOPE", "{\"name\": \"a\", \"cniVersion\": \"9.9.9\"}")
                .without("CNI_PATH", "CNI_IFNAME")
                .run()
                .assertError(4, "unknown CNI_COMMAND: NOPE", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"some-%%container-id", "../x", ".x", "-x", "_x", "a/b", "a b", "a\n", "a\0", "ä", "x;y"})
    void containerIdWithOtherCharacters(String id) {
        Call.of("ADD", "1.1.0")
                .with("CNI_CONTAINERID", id)
                .run()
                .assertError(4, "invalid characters in containerID", id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "0", "A-b_c.d", "x..", "3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a"})
    void containerIdAsRuntimesMakeThem(String id) {
        assertEquals(
                id,
                Call.of("ADD", "1.1.0")
                        .with("CNI_CONTAINERID", id)
                        .run()
                        .request()
                        .containerId());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1234567890123456", "aaaaaaaaaaaaaaä", "\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00"})
    void interfaceNameIsTooLong(String name) {
        Call.of("ADD", "1.1.0")
                .with("CNI_IFNAME", name)
                .run()
                .assertError(4, "interface name is too long", "interface name should be less than 16 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {".", ".."})
    void interfaceNameIsADirectory(String name) {
        Call.of("ADD", "1.1.0").with("CNI_IFNAME", name).run().assertError(4, "interface name is . or ..", "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"test/test", "test:test", "test test", "a\tb", "a\nb", "../x", "a\u00a0b", "a\u0085", "\u2003"})
    void interfaceNameHasForbiddenCharacters(String name) {
        Call.of("ADD", "1.1.0")
                .with("CNI_IFNAME", name)
                .run()
                .assertError(4, "interface name contains / or : or whitespace characters", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"eth%d", "%", "a\0b", "a\ufffd"})
    void interfaceNameThatTheKernelWouldChange(String name) {
        Call.of("ADD", "1.1.0")
                .with("CNI_IFNAME", name)
                .run()
                .assertError(4, "interface name contains % or characters that are not text", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"eth0", "123456789012345", "a", "...", "net-1.100", "é"})
    void interfaceNameAsRuntimesMakeThem(String name) {
        assertEquals(
                name,
                Call.of("DEL", "1.1.0").with("CNI_IFNAME", name).run().request().ifName());
    }

    @Test
    void namesAreNotLookedAtWhereTheyMeanNothing() {
        Call.of("STATUS", "1.1.0")
                .with("CNI_CONTAINERID", "../x")
                .with("CNI_IFNAME", "a/b")
                .with("CNI_ARGS", "nonsense")
                .run()
                .assertSuccess("status");
    }

    @Test
    void requestCarriesTheEnvironment() {
        Request request = Call.of("ADD", "1.1.0")
                .with("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .with("TRACESTATE", "a=b")
                .with("BAGGAGE", "c=d")
                .run()
                .request();
        assertEquals(Verb.ADD, request.verb());
        assertEquals("some-container-id", request.containerId());
        assertEquals("/some/netns/path", request.netns());
        assertEquals("eth0", request.ifName());
        assertEquals("p", request.args().podName());
        assertFalse(request.netnsOverride());
    }

    @ParameterizedTest
    @CsvSource({"1, true", "TRUE, true", "true, true", "True, true", "0, false", "yes, false", "'', false"})
    void ownNamespaceMayBeAllowed(String value, boolean allowed) {
        Request request =
                Call.of("ADD", "1.1.0").with("CNI_NETNS_OVERRIDE", value).run().request();
        assertEquals(allowed, request.netnsOverride());
    }

    @Test
    void ownNamespaceIsRefusedInTheWordsOfTheReference() {
        CniException e = CniException.ownNamespace();
        assertEquals(8, e.code());
        assertEquals("plugin's netns and netns from CNI_NETNS should not be the same", e.msg());
        assertTrue(e.details().isEmpty());
    }
}
