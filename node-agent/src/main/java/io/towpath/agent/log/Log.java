package io.towpath.agent.log;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes one line per event, as text or as JSON, whose time has always the same width. A line has at most 4 KiB: what is longer says by how
 * many characters it was cut. Any thread may use it.
 */
public final class Log {
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Of a line in UTF-8. */
    private static final int MOST_BYTES = 4096;

    /** Lines that are kept for whoever asks; of 4 KiB at most, and mostly of 150 bytes. */
    private static final int MOST_RECENT = 500;

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final PrintStream out;
    private final Form form;
    private final Level least;
    private final Clock clock;
    private final Deque<String> recent = new ArrayDeque<>();
    private final Map<String, String> problems = new ConcurrentHashMap<>();

    /** How a line is written. */
    public enum Form {
        /** {@code 2026-11-23T06:00:00.123Z info  overlay repaired  peer=b what=route} */
        TEXT,
        /** An object with {@code time}, {@code level}, {@code event}, and one field for each detail. */
        JSON
    }

    /** How much an event matters, the least first. */
    public enum Level {
        DEBUG("debug"),
        INFO("info"),
        WARN("warn"),
        ERROR("error");

        private final String word;

        Level(String word) {
            this.word = word;
        }

        /** The word that stands for it in a line. */
        public String word() {
            return word;
        }
    }

    /**
     * A log.
     *
     * @param least events below it are left out
     */
    public Log(PrintStream out, Form form, Level least, Clock clock) {
        this.out = out;
        this.form = form;
        this.least = least;
        this.clock = clock;
    }

    /** As {@link #event}, with level info. */
    public void info(String event, @Nullable Object... details) {
        event(Level.INFO, event, details);
    }

    /** As {@link #event}, with level warn. */
    public void warn(String event, @Nullable Object... details) {
        event(Level.WARN, event, details);
    }

    /** As {@link #event}, with level error. */
    public void error(String event, @Nullable Object... details) {
        event(Level.ERROR, event, details);
    }

    /**
     * Writes a line.
     *
     * @param event a few words, the same whenever the same happens
     * @param details names and values by turns; one whose value is null is left out
     */
    public void event(Level level, String event, @Nullable Object... details) {
        if (level.compareTo(least) < 0) {
            return;
        }
        String time = TIME.format(clock.instant());
        int most = MOST_BYTES;
        String line;
        do {
            line = form == Form.JSON
                    ? json(time, level, event, details, most)
                    : text(time, level, event, details, most);
            most /= 2;
        } while (most > 0 && line.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES);
        out.println(line);
        synchronized (recent) {
            if (recent.size() == MOST_RECENT) {
                recent.removeFirst();
            }
            recent.addLast(line);
        }
    }

    /** The last lines, at most {@value #MOST_RECENT}. */
    public List<String> recent() {
        synchronized (recent) {
            return List.copyOf(recent);
        }
    }

    /**
     * Tells a problem that lasts: a line when it begins or is another one, and a line when it ends; nothing in between.
     *
     * @param subject whose problem it is, such as {@code "node b"}
     * @param problem one line, null when all is well
     */
    public void problem(String subject, @Nullable String problem) {
        String before = problem == null ? problems.remove(subject) : problems.put(subject, problem);
        if (Objects.equals(before, problem)) {
            return;
        }
        if (problem == null) {
            info("problem ended", "subject", subject, "problem", before);
        } else {
            warn("problem", "subject", subject, "problem", problem);
        }
    }

    private static String text(String time, Level level, String event, @Nullable Object[] details, int most) {
        StringBuilder line = new StringBuilder(time).append(' ').append(level.word());
        line.repeat(' ', 6 - level.word().length()).append(LineText.escaped(LineText.cut(event, most)));
        for (int i = 0; i + 1 < details.length; i += 2) {
            Object value = details[i + 1];
            if (value != null) {
                line.append(i == 0 ? "  " : " ")
                        .append(details[i])
                        .append('=')
                        .append(LineText.quoted(LineText.cut(value.toString(), most)));
            }
        }
        return line.toString();
    }

    private static String json(String time, Level level, String event, @Nullable Object[] details, int most) {
        ObjectNode line = MAPPER.createObjectNode();
        line.put("time", time).put("level", level.word()).put("event", LineText.cut(event, most));
        for (int i = 0; i + 1 < details.length; i += 2) {
            switch (details[i + 1]) {
                case null -> {}
                case Integer number -> line.put(String.valueOf(details[i]), number);
                case Long number -> line.put(String.valueOf(details[i]), number);
                case Object value -> line.put(String.valueOf(details[i]), LineText.cut(value.toString(), most));
            }
        }
        return LineText.escaped(line.toString());
    }
}
