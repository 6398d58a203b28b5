package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.cli.Cli;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The commands of {@code policy}, which ask the agent: it alone knows the policies. */
final class PolicyCommand {
    private PolicyCommand() {}

    static CommandSpec explain() {
        return Cli.printing(
                        "explain",
                        "Prints whether a connection is allowed, and by which policies and rules.",
                        PolicyCommand::explain)
                .addPositional(position(0, "FROM", "Who begins it: a pod as namespace/name, or an address."))
                .addPositional(position(1, "TO", "Who receives it: as FROM."))
                .addPositional(position(2, "PORT", "The port as 80, 80/tcp, 53/udp, 9/sctp; or icmp."))
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

    private static Cli.Output explain(ParseResult options) throws IOException {
        boolean json = Cli.json(options);
        Path socket = Asking.socket(options);
        JsonNode answer = Asking.get(
                socket,
                "/policy/explain?from=" + argument(options, 0) + "&to=" + argument(options, 1) + "&port="
                        + argument(options, 2));
        if (!(answer instanceof ObjectNode explanation)) {
            throw new IOException("no agent answers on " + socket + ": is it running? It alone knows the policies");
        }
        String text = explanation.remove("text").asText();
        return new Cli.Output(json ? explanation.toPrettyString() + "\n" : text, true);
    }

    private static String argument(ParseResult options, int index) {
        return URLEncoder.encode(options.matchedPositionalValue(index, ""), StandardCharsets.UTF_8);
    }
}
