package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.status.Heartbeat;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageThreadTest {
    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final Log log = new Log(
            new PrintStream(logged, true, StandardCharsets.UTF_8), Log.Form.TEXT, Log.Level.INFO, Clock.systemUTC());

    /** To which any page has taken too long. */
    private final Heartbeat heartbeat = new Heartbeat("pages", Duration.ofNanos(-1));

    private static Response fail(boolean isError) {
        if (isError) {
            throw new LinkageError("no such class");
        }
        throw new IllegalStateException("a mistake");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMistakeIsAnAnswerAndTheNextPageIsMade(boolean isError) {
        try (PageThread thread = new PageThread(log, heartbeat)) {
            Response failed = thread.make(() -> fail(isError)).join();
            assertEquals(Response.FAILED, failed.status());
            String text = isError ? "no such class" : "a mistake";
            assertTrue(failed.content().contains(text), failed::content);
            assertTrue(logged.toString(StandardCharsets.UTF_8).contains(text));
            Response next =
                    thread.make(() -> Response.text(Response.OK, "a page")).join();
            assertEquals("a page\n", next.content());
        }
    }

    @Test
    void aPageThatIsNeverDoneIsNoticed() {
        try (PageThread thread = new PageThread(log, heartbeat)) {
            assertNull(heartbeat.problem());
            Response page = thread.make(() -> {
                        String problem = heartbeat.problem();
                        return Response.text(Response.OK, String.valueOf(problem));
                    })
                    .join();
            assertTrue(page.content().startsWith("the thread pages hangs"), page::content);
            assertNotNull(thread.make(() -> page).join());
            assertNull(thread.heartbeat().problem());
        }
    }
}
