package io.towpath.agent.log.slf4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.towpath.agent.log.Log;
import io.vertx.core.http.HttpClosedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

class LibraryLogTest {
    private static final Logger LIBRARY =
            new LibraryLog().getLoggerFactory().getLogger("io.vertx.core.impl.ContextImpl");

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();

    private String logged(Log.Level least, Runnable action) {
        LibraryLog.to(log(logged, least));
        try {
            action.run();
        } finally {
            LibraryLog.to(log(new ByteArrayOutputStream(), Log.Level.ERROR));
        }
        return logged.toString(StandardCharsets.UTF_8);
    }

    private static Log log(ByteArrayOutputStream out, Log.Level least) {
        return new Log(new PrintStream(out, true, StandardCharsets.UTF_8), Log.Form.TEXT, least, Clock.systemUTC());
    }

    @Test
    void whatHappensOnAConnectionIsForDebugging() {
        Runnable all = () -> {
            LIBRARY.error("Unhandled exception", new IOException("Connection reset by peer"));
            LIBRARY.error("Unhandled exception", new HttpClosedException("Connection was closed"));
            LIBRARY.error(
                    "Unhandled exception", new TooLongHttpHeaderException("HTTP header is larger than 8192 bytes."));
            LIBRARY.error("wrapped", new IllegalStateException("closed", new IOException("Broken pipe")));
            LIBRARY.error("invalid version format: WHAT?");
            LIBRARY.warn("a warning", new IllegalStateException("whatever"));
        };
        assertEquals("", logged(Log.Level.INFO, all));
        assertEquals(6, logged(Log.Level.DEBUG, all).lines().count());
    }

    @Test
    void aMistakeIsAnErrorThatNamesNoLogger() {
        String line =
                logged(Log.Level.INFO, () -> LIBRARY.error("Unhandled exception", new IllegalStateException("oops")));
        assertTrue(line.contains(" error library  message=\"Unhandled exception\" problem="), line);
        assertTrue(line.contains("oops"), line);
        assertFalse(line.contains("io.vertx"), line);
    }
}
