package io.towpath.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int answer(String words) {
        return Usage.answer(words.split(" ", -1), stream(out), stream(err));
    }

    private static PrintStream stream(ByteArrayOutputStream buffer) {
        return new PrintStream(buffer, true, StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "-V"})
    void version(String option) {
        assertEquals(0, answer(option));
        assertEquals("towpath " + BuildInfo.VERSION + "\n", out.toString(StandardCharsets.UTF_8));
        assertEquals(0, err.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h"})
    void help(String option) {
        assertEquals(0, answer(option));
        String said = out.toString(StandardCharsets.UTF_8);
        assertTrue(said.startsWith("Usage: towpath "), said);
        assertTrue(said.contains("towpath-node --help"), said);
        assertEquals(0, err.size());
    }

    @Test
    void anythingElseIsOneLineThatSaysWhatToDo() {
        assertEquals(Usage.NOT_UNDERSTOOD, answer("overlay sync\n--cluster x"));
        assertEquals(
                "towpath: no command overlay sync --cluster x: this is a CNI plugin, which container runtimes call."
                        + " Operators' commands: towpath-node --help\n",
                err.toString(StandardCharsets.UTF_8));
        assertEquals(0, out.size());
    }
}
