package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code policy list}, which asks the agent: it alone knows the policies. */
final class PolicyListCommand {
    private static final String ALL = "--all";
    private static final int SHOWN_PODS = 2;

    private PolicyListCommand() {}

    static CommandSpec list() {
        return Cli.printing(
                        "list",
                        "Prints the policies that select pods of this node: which pods, in which direction, and how many"
                                + " packets each has denied since the agent started (- where nobody counts).",
                        PolicyListCommand::list)
                .addOption(OptionSpec.builder(ALL)
                        .description("Also policies that select no pod of this node.")
                        .build())
                .addOption(Asking.socketOption());
    }

    private static Cli.Output list(ParseResult options) throws IOException {
        boolean json = Cli.json(options);
        ObjectNode known =
                Asking.list(Asking.socket(options), "/policy/list", "policies", "It alone knows the policies");
        ArrayNode policies = known.withArray("policies");
        int all = policies.size();
        if (!options.hasMatchedOption(ALL)) {
            policies.removeIf(each -> each.path("pods").isEmpty());
        }
        return new Cli.Output(json ? known.toPrettyString() + "\n" : text(known, all, Cli.wide(options)), true);
    }

    /**
     * The list for an operator's eyes.
     *
     * @param all how many policies there are in the cluster
     * @param wide with all pods
     */
    static String text(JsonNode known, int all, boolean wide) {
        JsonNode policies = known.path("policies");
        StringBuilder text = new StringBuilder();
        if (!policies.isEmpty()) {
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("KIND", "NAMESPACE", "NAME", "TIER", "DIRECTIONS", "STATE", "DENIED", "PODS"));
            for (JsonNode each : policies) {
                rows.add(List.of(
                        each.path("kind").asText(),
                        each.path("namespace").asText("-"),
                        each.path("name").asText(),
                        each.path("tier").isTextual()
                                ? each.path("tier").asText() + "/"
                                        + each.path("priority").asInt()
                                : "-",
                        words(each.path("directions"), Integer.MAX_VALUE),
                        each.path("dryRun").asBoolean() ? "dry run" : "enforced",
                        each.path("denied").asText("-"),
                        words(each.path("pods"), wide ? Integer.MAX_VALUE : SHOWN_PODS)));
            }
            Columns.append(text, rows);
        }
        int left = all - policies.size();
        if (left > 0 || policies.isEmpty()) {
            text.append(policies.isEmpty() ? "no policy selects a pod of this node" : "")
                    .append(policies.isEmpty() && left > 0 ? "; " : "")
                    .append(left > 0 ? left + " of other pods: see --all" : "")
                    .append('\n');
        }
        if (known.path("notInForce").isTextual()) {
            text.append(known.path("notInForce").asText()).append('\n');
        }
        if (known.path("notCounted").isTextual()) {
            text.append("what each denies is not counted: ")
                    .append(known.path("notCounted").asText())
                    .append('\n');
        }
        return text.toString();
    }

    /** The first of some texts, and how many more there are; a dash for none. */
    private static String words(JsonNode texts, int limit) {
        List<String> shown = new ArrayList<>();
        texts.forEach(each -> shown.add(each.asText()));
        int more = shown.size() - Math.min(limit, shown.size());
        String some = String.join(",", shown.subList(0, shown.size() - more));
        return shown.isEmpty() ? "-" : some + (more > 0 ? " and " + more + " more" : "");
    }
}
