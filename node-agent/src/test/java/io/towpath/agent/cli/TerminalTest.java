package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {
    @ParameterizedTest
    @CsvSource({
        "-25, ,  xterm, 80,  false",
        "0,   ,  xterm, 80,  true",
        "40,  ,  xterm, 80,  true",
        "120, ,  xterm, 120, true",
        "999, ,       , 160, true",
        "120, 1, xterm, 120, false",
        "120, '', xterm, 120, true",
        "120, ,  dumb,  120, false"
    })
    void coloursAreForTerminalsWhereNobodyRefusesThem(
            int columns, @Nullable String noColor, @Nullable String type, int width, boolean isColoured) {
        assertEquals(new Terminal(width, isColoured), Terminal.of(columns, noColor, type));
    }

    @ParameterizedTest
    @CsvSource({
        "'NODE  STATE',        [1m",
        "'fail  mtu  too big', [31m",
        "'ok    vxlan',        [32m",
        "node a: not ready: b, [31m",
        "node a: ready,        [32m"
    })
    void headsAreBoldAndTroubleIsRed(String line, String colour) {
        String text = "b     ok\n\n" + line + "\n";
        assertEquals("b     ok\n\n\u001b" + colour + line + "\u001b[0m\n", new Terminal(80, true).painted(text));
        assertEquals(text, Terminal.NONE.painted(text));
    }
}
