package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.FailureLine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which verb is called when, and what the runtime gets to see. */
class DispatchTest {
    private static final String ALL = "[\"0.1.0\" \"0.2.0\" \"0.3.0\" \"0.3.1\" \"0.4.0\" \"1.0.0\" \"1.1.0\"]";

    @ParameterizedTest
    @EnumSource(
            value = Verb.class,
            names = {"ADD", "DEL", "CHECK", "GC", "STATUS"})
    void onlyTheVerbAskedForIsCalled(Verb verb) {
        Call.Outcome outcome = Call.of(verb.name(), "1.1.0").run();
        outcome.assertSuccess(verb.name().toLowerCase(Locale.ROOT));
        assertEquals(verb, outcome.request().verb());
        if (verb != Verb.ADD) {
            assertEquals("", outcome.stdout());
        }
        assertEquals("", outcome.stderr());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GC", "STATUS"})
    void networkVerbsCarryNoAttachment(String verb) {
        Request request = Call.of(verb, "1.1.0").run().request();
        assertEquals("", request.containerId());
        assertEquals("", request.netns());
        assertEquals("", request.ifName());
    }

    @Test
    void versionIsAnsweredWithoutReadingStdin() {
        Call call = Call.of("VERSION", "1.1.0").without("CNI_PATH", "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS");
        call.stdin = new Unreadable();
        Call.Outcome outcome = call.run();
        outcome.assertSuccess();
        assertEquals(
                "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":"
                        + "[\"0.1.0\",\"0.2.0\",\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n",
                outcome.stdout());
    }

    @Test
    void unreadableStdinIsCode5() {
        Call call = Call.of("ADD", "1.1.0");
        call.stdin = new Unreadable();
        call.run().assertError(5, "error reading from stdin: banana", "");
    }

    @Test
    void configurationWithoutVersionIsTheFirstOne() {
        Call call = new Call("ADD", "{\"name\": \"net\"}");
        call.result = ResultSamples.ONE_IPV4;
        Call.Outcome outcome = call.run();
        assertEquals("0.1.0", outcome.request().conf().cniVersion());
        assertEquals("0.1.0", outcome.json().path("cniVersion").textValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"9.8.7", "0.5.0", "1.1", "1.0.1", "abc", "v1.0.0", "1.0.0 "})
    void addAndDelNeedAVersionThatIsSpoken(String version) {
        for (String verb : List.of("ADD", "DEL")) {
            Call.of(verb, version)
                    .run()
                    .assertError(
                            1, "incompatible CNI versions", "config is \"" + version + "\", plugin supports " + ALL);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CHECK, 0.3.1, config version does not allow CHECK",
        "CHECK, 0.1.0, config version does not allow CHECK",
        "CHECK, '', config version does not allow CHECK",
        "CHECK, 2.0.0, plugin version does not allow CHECK",
        "CHECK, 0.9.9, incompatible CNI versions",
        "CHECK, 1.1, incompatible CNI versions",
        "GC, 0.3.0, config version does not allow GC",
        "GC, 1.0.0, config version does not allow GC",
        "GC, 1.1.1, plugin version does not allow GC",
        "GC, 1.1, incompatible CNI versions",
        "STATUS, 1.0.0, config version does not allow STATUS",
        "STATUS, 10, plugin version does not allow STATUS"
    })
    void laterVerbsNeedALaterVersion(String verb, String version, String msg) {
        Call.Outcome outcome = Call.of(verb, version).run();
        assertEquals(1, outcome.error().path("code").intValue());
        assertEquals(msg, outcome.error().path("msg").textValue());
        assertEquals(List.of(), outcome.called());
    }

    @ParameterizedTest
    @ValueSource(strings = {"CHECK", "GC", "STATUS"})
    void laterVerbsCompareVersionsThatAreVersions(String verb) {
        Call.of(verb, "adsfsadf")
                .run()
                .assertError(
                        6,
                        "failed to convert major version part \"adsfsadf\": strconv.Atoi: parsing \"adsfsadf\":"
                                + " invalid syntax",
                        "");
        Call.of(verb, "1.x")
                .run()
                .assertError(
                        6,
                        "failed to convert minor version part \"x\": strconv.Atoi: parsing \"x\": invalid syntax",
                        "");
        Call.of(verb, "1.1.")
                .run()
                .assertError(
                        6, "failed to convert micro version part \"\": strconv.Atoi: parsing \"\": invalid syntax", "");
        Call.of(verb, "1.2.3.4").run().assertError(6, "invalid version \"1.2.3.4\": too many parts", "");
        Call.of(verb, "99999999999999999999.1")
                .run()
                .assertError(
                        6,
                        "failed to convert major version part \"99999999999999999999\": strconv.Atoi: parsing"
                                + " \"99999999999999999999\": value out of range",
                        "");
    }

    @Test
    void checkNeedsThePreviousResult() {
        new Call("CHECK", "{\"cniVersion\": \"1.0.0\", \"name\": \"net\"}")
                .run()
                .assertError(7, "Required prevResult missing", "");
    }

    @Test
    void errorOfAVerbIsAnsweredAsItIs() {
        Call call = Call.of("ADD", "0.4.0");
        call.failure = new CniException(1234, "insufficient something", "only \"3\" left");
        Call.Outcome outcome = call.run();
        assertEquals(1, outcome.exitCode());
        assertEquals("""
                {
                    "cniVersion": "0.4.0",
                    "code": 1234,
                    "msg": "insufficient something",
                    "details": "only \\"3\\" left"
                }""", outcome.stdout());
        assertEquals("", outcome.stderr());
    }

    @Test
    void errorBeforeTheVersionIsKnownSpeaksTheNewest() {
        assertEquals(
                "1.1.0", new Call("ADD", "{").run().error().path("cniVersion").textValue());
        assertEquals(
                "1.1.0",
                Call.of("ADD", "9.9.9").run().error().path("cniVersion").textValue());
    }

    @Test
    void whateverElseIsThrownIsCode999() {
        for (Throwable failure : List.of(
                new IOException("potato"),
                new IllegalStateException("potato"),
                new OutOfMemoryError("potato"),
                new StackOverflowError("potato"))) {
            Call call = Call.of("DEL", "1.1.0");
            call.failure = failure;
            Call.Outcome outcome = call.run();
            assertEquals(999, outcome.error().path("code").intValue());
            assertEquals(FailureLine.of(failure), outcome.error().path("msg").textValue());
            assertEquals("", outcome.stderr());
        }
        Call call = Call.of("DEL", "1.1.0");
        call.failure = new IllegalStateException();
        String message = call.run().error().path("msg").textValue();
        assertTrue(message.startsWith("internal error: java.lang.IllegalStateException at io.towpath."), message);
    }

    @Test
    void stackTraceGoesToStderrOnRequestOnly() {
        Call call = Call.of("DEL", "1.1.0").with(FailureLine.DEBUG_VARIABLE, "1");
        call.failure = new IllegalStateException("potato");
        Call.Outcome outcome = call.run();
        assertTrue(outcome.stderr().contains("\tat io.towpath"), outcome.stderr());
        assertFalse(outcome.stdout().contains("tat io.towpath"), outcome.stdout());
    }

    @Test
    void answerIsWrittenAtOnce() {
        for (String verb : List.of("ADD", "VERSION", "NOPE")) {
            Call call = Call.of(verb, "1.1.0");
            CountingOutput out = new CountingOutput();
            call.stdout = out;
            call.run();
            assertEquals(1, out.writes, verb);
        }
    }

    @Test
    void addThatCannotBeAnsweredIsUndone() {
        Call call = Call.of("ADD", "1.1.0");
        call.stdout = new FullOutput();
        Call.Outcome outcome = call.run();
        assertEquals(1, outcome.exitCode());
        assertEquals(List.of("add", "del"), outcome.called());
        assertTrue(outcome.stderr().contains("error writing the result: full"), outcome.stderr());
    }

    @Test
    void addWhoseResultHasNoFormIsUndone() {
        Call call = Call.of("ADD", "0.2.0");
        Call.Outcome outcome = call.run();
        assertEquals(
                "cannot convert: no valid IP addresses",
                outcome.error().path("msg").textValue());
        assertEquals(999, outcome.error().path("code").intValue());
        assertEquals(List.of("add", "del"), outcome.called());
    }

    private static final class Unreadable extends InputStream {
        @Override
        public int read() throws IOException {
            throw new IOException("banana");
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            throw new IOException("banana");
        }
    }

    private static final class CountingOutput extends OutputStream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private int writes;

        @Override
        public void write(int b) {
            writes++;
            bytes.write(b);
        }

        @Override
        public void write(byte[] b, int offset, int length) {
            writes++;
            bytes.write(b, offset, length);
        }

        @Override
        public String toString() {
            return bytes.toString(java.nio.charset.StandardCharsets.UTF_8);
        }
    }

    private static final class FullOutput extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("full");
        }

        @Override
        public void write(byte[] b, int offset, int length) throws IOException {
            throw new IOException("full");
        }
    }
}
