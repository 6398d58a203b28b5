package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Asks for a page every 50 ms, from a network, and notes who answers. */
final class Probe {
    private static final String SCRIPT = """
            while :; do
              printf '%s %s\\n' "$EPOCHREALTIME" "$(curl -gs --noproxy '*' --max-time 1 "$1")"
              sleep 0.05
            done
            """;

    private final String what;
    private final String prefix;
    private final Path log;

    /**
     * Begins.
     *
     * @param what its name in what is told
     * @param prefix what the names of those begin with who may answer
     */
    Probe(String what, String prefix, Namespace from, String address, int port, Path logs) {
        this.what = what;
        this.prefix = prefix;
        log = logs.resolve("probe-" + what.replace(' ', '-') + ".log");
        String url = "http://" + Settings.inUrl(address) + ":" + port + "/hostname";
        var _ = from.background(Command.of("bash", "-c", SCRIPT, "probe", url), log);
    }

    private List<String> answers() {
        try {
            return Files.readAllLines(log).stream()
                    .filter(line -> line.contains(" "))
                    .map(line -> line.substring(line.indexOf(' ') + 1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many questions nobody answered. */
    long lost() {
        return answers().stream().filter(String::isEmpty).count();
    }

    /** The most questions in a row that nobody answered. */
    int longestLoss() {
        int longest = 0;
        int now = 0;
        for (String answer : answers()) {
            now = answer.isEmpty() ? now + 1 : 0;
            longest = Math.max(longest, now);
        }
        return longest;
    }

    /** Who answered that may not. */
    List<String> strangers() {
        return answers().stream()
                .filter(answer -> !answer.isEmpty() && !answer.startsWith(prefix))
                .distinct()
                .toList();
    }

    @Override
    public String toString() {
        return what + ": " + lost() + " of " + answers().size() + " lost";
    }
}
