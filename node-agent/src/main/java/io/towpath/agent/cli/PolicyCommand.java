package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The commands of {@code policy}, which ask the agent: it alone knows the policies. */
final class PolicyCommand {
    private static final int ALLOWED = Cli.OK;
    private static final int DENIED = 1;
    private static final int UNANSWERED = Cli.USAGE;

    private PolicyCommand() {}

    static CommandSpec explain(PrintStream err) {
        return Cli.printing(
                        "explain",
                        "Prints whether a connection is allowed, and by which policies and rules. Exits with 0 if it is"
                                + " allowed, 1 if it is denied, 2 if that cannot be said.",
                        options -> explain(options, err))
                .addPositional(position(0, "FROM", "Who begins it: a pod as namespace/name, or an address."))
                .addPositional(position(1, "TO", "Who receives it: as FROM."))
                .addPositional(
                        position(
                                2,
                                "PORT",
                                "The port as 80, 80/tcp, 53/udp, 9/sctp; a name that TO gives it, as http or dns/udp; or icmp."))
                .addOption(Asking.socketOption());
    }

    private static PositionalParamSpec position(int index, String label, String description) {
        return PositionalParamSpec.builder()
                .index(Integer.toString(index))
                .type(String.class)
                .paramLabel(label)
                .required(true)
                .description(description)
                .build();
    }

    private static Cli.Output explain(ParseResult options, PrintStream err) {
        boolean json = Cli.json(options);
        Path socket = Asking.socket(options);
        try {
            ObjectNode explanation = ask(socket, options);
            String text = explanation.remove("text").asText();
            boolean isAllowed = explanation.path("allowed").asBoolean();
            return new Cli.Output(json ? explanation.toPrettyString() + "\n" : text, isAllowed ? ALLOWED : DENIED);
        } catch (IOException | RuntimeException | Error e) {
            // Not 1 as of other commands, which means that it is denied.
            Cli.failed("towpath-node", e, err);
            return new Cli.Output("", UNANSWERED);
        }
    }

    private static ObjectNode ask(Path socket, ParseResult options) throws IOException {
        JsonNode answer = Asking.get(
                socket,
                "/policy/explain?from=" + argument(options, 0) + "&to=" + argument(options, 1) + "&port="
                        + argument(options, 2));
        if (answer instanceof ObjectNode explanation
                && explanation.path("allowed").isBoolean()) {
            return explanation;
        }
        throw new IOException(
                answer == null
                        ? "no agent answers on " + socket + ": is it running? It alone knows the policies"
                        : "the agent at " + socket + " answers something else than an explanation");
    }

    private static String argument(ParseResult options, int index) {
        return URLEncoder.encode(options.matchedPositionalValue(index, ""), StandardCharsets.UTF_8);
    }
}
