package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code policy log}. */
final class PolicyLogCommand {
    private static final String FOLLOW = "--follow";
    private static final String POD = "--pod";
    /** Between two questions: the agent gives an answer and hangs up, it sends nothing unasked. */
    private static final int PAUSE_MS = 500;

    private final ParseResult options;
    private final Path socket;
    private final String pod;
    private final boolean json;
    private String run = "";
    private long last;

    private PolicyLogCommand(ParseResult options) {
        this.options = options;
        socket = Asking.socket(options);
        pod = Cli.value(options, POD);
        int slash = pod.indexOf('/');
        if (!pod.isEmpty() && (slash <= 0 || slash == pod.length() - 1)) {
            throw Cli.wrong(options, POD, "is no pod as namespace/name");
        }
        json = Cli.json(options);
    }

    static CommandSpec log(PrintStream out) {
        return Cli.printing(
                        "log",
                        "Prints the packets that were denied last, a line each, and the policies that deny them.",
                        options -> new PolicyLogCommand(options).run(out, options.hasMatchedOption(FOLLOW)))
                .addOption(OptionSpec.builder("-f", FOLLOW)
                        .description("Go on with those that come, until interrupted.")
                        .build())
                .addOption(Cli.text(POD, "POD", "", "Only of this pod, as namespace/name."))
                .addOption(Asking.socketOption());
    }

    private Cli.Output run(PrintStream out, boolean follow) throws IOException, InterruptedException {
        // Asked once whether there can be any: one that has ended meanwhile may come back.
        JsonNode answer = ask(pod.isEmpty() ? "" : "&pod=" + URLEncoder.encode(pod, StandardCharsets.UTF_8));
        if (answer == null) {
            throw new IOException("no agent answers on " + socket + ": is it running? It alone knows what is denied");
        }
        if (answer.path("denials").isEmpty() && answer.path("notTold").isTextual()) {
            throw new IOException(answer.path("notTold").asText());
        }
        String text = lines(answer);
        while (follow && !out.checkError()) {
            out.print(json ? Cli.documents(options, text) : text);
            out.flush();
            Thread.sleep(PAUSE_MS);
            // An agent that has ended may be started again.
            answer = ask("");
            text = answer == null ? "" : lines(answer);
        }
        return new Cli.Output(text, true);
    }

    /** What came since the last call; null if no agent answers. */
    private @Nullable JsonNode ask(String more) throws IOException {
        JsonNode answer = Asking.get(socket, "/policy/log?after=" + last + more);
        if (answer == null || answer.path("run").asText().equals(run)) {
            return answer;
        }
        // Another agent counts anew.
        run = answer.path("run").asText();
        long before = last;
        last = 0;
        return before == 0 ? answer : ask("");
    }

    private String lines(JsonNode answer) {
        StringBuilder text = new StringBuilder();
        for (JsonNode denial : answer.path("denials")) {
            last = denial.path("id").asLong();
            if (pod.isEmpty() || pod.equals(denial.path("pod").asText())) {
                text.append(json ? denial.toString() : line(denial)).append('\n');
            }
        }
        return text.toString();
    }

    private static String line(JsonNode denial) {
        return denial.path("time").asText()
                + (denial.path("dryRun").asBoolean() ? "  would be denied  " : "  denied  ")
                + denial.path("direction").asText() + " of "
                + denial.path("pod").asText() + ": "
                + denial.path("from").asText() + " to " + denial.path("to").asText() + ", "
                + denial.path("port").asText() + ": " + why(denial);
    }

    private static String why(JsonNode denial) {
        List<String> policies = new ArrayList<>();
        denial.path("policies").forEach(each -> policies.add(each.asText()));
        int others = denial.path("policyCount").asInt() - policies.size();
        return policies.isEmpty()
                ? denial.path("reason").asText()
                : String.join(", ", policies) + (others > 0 ? " and " + others + " others" : "");
    }
}
