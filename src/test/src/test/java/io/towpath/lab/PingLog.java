package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a ping that runs has written so far.
 *
 * @param file that its output goes to
 */
public record PingLog(Path file) {
    /** That nobody is there has a number, too, and no time to live. */
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ttl=");

    /** The numbers of the pings that were answered. */
    public NavigableSet<Integer> answered() {
        NavigableSet<Integer> numbers = new TreeSet<>();
        Matcher matcher = ANSWER.matcher(text());
        while (matcher.find()) {
            numbers.add(Integer.parseInt(matcher.group(1)));
        }
        return numbers;
    }

    /** All of it. */
    public String text() {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
