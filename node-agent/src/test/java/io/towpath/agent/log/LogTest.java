package io.towpath.agent.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogTest {
    private static final int MOST = 4096;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    private Log log(Log.Form form, String time) {
        PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
        return new Log(out, form, Log.Level.INFO, Clock.fixed(Instant.parse(time), ZoneOffset.UTC));
    }

    private String line() {
        String all = written.toString(StandardCharsets.UTF_8);
        assertEquals(1, all.lines().count(), all);
        return all.strip();
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-11-23T06:00:00Z", "2026-11-23T06:00:00.100Z", "2026-11-23T06:00:00.123456Z"})
    void timesAreOfOneWidth(String time) {
        log(Log.Form.TEXT, time).info("event");
        assertEquals("2026-11-23T06:00:00.".length() + 4, line().indexOf(' '), line());
    }

    @ParameterizedTest
    @EnumSource(Log.Form.class)
    void aLineIsBoundedAndSaysHowMuchWasCut(Log.Form form) throws Exception {
        String longest = "ü".repeat(1_000_000);
        log(form, "2026-11-23T06:00:00Z").info("event", "one", longest, "two", "short", "three", "\n".repeat(9_000));
        String line = line();
        assertTrue(line.getBytes(StandardCharsets.UTF_8).length <= MOST, () -> line.length() + " characters");
        assertTrue(line.contains(" characters more)"), line);
        assertTrue(line.contains("short"), line);
        if (form == Log.Form.JSON) {
            JsonNode json = new ObjectMapper().readTree(line);
            assertEquals("short", json.path("two").asText());
            assertTrue(json.path("one").asText().startsWith("üü"));
        }
    }

    @Test
    void noCharacterIsCutInTwo() {
        assertEquals("a... (2 characters more)", LineText.cut("a\ud83d\ude00", 2));
        assertEquals("ab", LineText.cut("ab", 2));
    }

    @Test
    void whatControlsATerminalIsEscaped() {
        log(Log.Form.TEXT, "2026-11-23T06:00:00Z")
                .warn("an\nevent", "name", "a\nb\r\t\u001b[31m\u0085\u202e\\", "plain", "a/b", "path", "a\\b");
        assertEquals(
                "2026-11-23T06:00:00.000Z warn  an\\nevent  "
                        + "name=\"a\\nb\\r\\t\\u001b[31m\\u0085\\u202e\\\\\" plain=a/b path=\"a\\\\b\"",
                line());
    }

    @Test
    void whatControlsATerminalIsEscapedInJson() throws Exception {
        log(Log.Form.JSON, "2026-11-23T06:00:00Z").warn("event", "name", "a\n\u001b\u0085\u202eb");
        assertTrue(line().contains("\"a\\n\\u001B\\u0085\\u202eb\""), line());
        assertEquals(
                "a\n\u001b\u0085\u202eb",
                new ObjectMapper().readTree(line()).path("name").asText());
    }
}
