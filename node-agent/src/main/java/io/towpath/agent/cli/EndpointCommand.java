package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.status.Ages;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.LeaseFile;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code endpoint list}: the pods' interfaces by the agent, and since when they are by the leases on disk. */
final class EndpointCommand {
    private static final int SHOWN_POLICIES = 2;

    private EndpointCommand() {}

    static CommandSpec list() {
        return IpamCommand.withConf(Cli.printing(
                        "list",
                        "Prints the interfaces of this node's pods: address, link, the policies that apply in each"
                                + " direction, and since when the pod has its address.",
                        EndpointCommand::list))
                .addOption(Asking.socketOption())
                .addOption(PodNames.option());
    }

    private static Cli.Output list(ParseResult options) throws IOException {
        boolean json = Cli.json(options);
        ObjectNode known = Asking.list(
                Asking.socket(options),
                "/policy/endpoints",
                "endpoints",
                "Without one, \"towpath-node ipam list\" names pods");
        addLeases(known, known.withArray("endpoints"), options);
        return new Cli.Output(
                json ? known.toPrettyString() + "\n" : text(known, Instant.now(), Cli.wide(options)), true);
    }

    /** What leases tell: since when a pod has its address, and its name where the agent does not know it. */
    private static void addLeases(ObjectNode known, ArrayNode endpoints, ParseResult options) {
        Map<String, LeaseRow> leases = new HashMap<>();
        known.putNull("sinceProblem");
        try {
            IpamCommand.Network network = IpamCommand.network(IpamCommand.conf(options));
            List<LeaseFile> files = HostLocal.of(network.conf()).files();
            for (LeaseRow each : LeaseRow.of(files, network.name(), PodNames.of(options))) {
                leases.put(each.file().address().toString(), each);
            }
        } catch (IOException | IpamException e) {
            known.put("sinceProblem", e.getMessage());
        }
        for (JsonNode each : endpoints) {
            ObjectNode endpoint = (ObjectNode) each;
            LeaseRow lease = leases.get(each.path("addresses").path(0).asText());
            endpoint.put("since", lease == null ? null : lease.since());
            String pod = lease == null ? null : lease.pod();
            if (pod != null && each.path("pod").isNull()) {
                int slash = pod.indexOf('/');
                endpoint.put("namespace", pod.substring(0, slash)).put("pod", pod.substring(slash + 1));
            }
        }
    }

    /**
     * The list for an operator's eyes.
     *
     * @param wide with all policies, and the time itself
     */
    static String text(JsonNode known, Instant now, boolean wide) {
        JsonNode endpoints = known.path("endpoints");
        StringBuilder text = new StringBuilder();
        if (endpoints.isEmpty()) {
            text.append("no pods on this node\n");
        } else {
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("NAMESPACE", "POD", "ADDRESS", "LINK", "STATE", "INGRESS", "EGRESS", "SINCE"));
            for (JsonNode each : endpoints) {
                List<String> addresses = new ArrayList<>();
                each.path("addresses").forEach(address -> addresses.add(address.asText()));
                rows.add(List.of(
                        each.path("namespace").asText("-"),
                        each.path("pod").asText("-"),
                        addresses.isEmpty() ? "-" : String.join(",", addresses),
                        each.path("link").asText(),
                        known.path("enforced").asBoolean() ? state(each) : "open",
                        policies(each.path("ingress"), wide),
                        policies(each.path("egress"), wide),
                        since(each.path("since"), now, wide)));
            }
            Columns.append(text, rows);
        }
        if (known.path("notInForce").isTextual()) {
            text.append(known.path("notInForce").asText()).append('\n');
        }
        if (known.path("sinceProblem").isTextual()) {
            text.append("since when is not known: ")
                    .append(known.path("sinceProblem").asText())
                    .append('\n');
        }
        return text.toString();
    }

    private static String state(JsonNode endpoint) {
        return endpoint.path("inForce").asBoolean() ? "in force" : "waiting";
    }

    /** NetworkPolicies by their names, as their namespace is the pod's. */
    private static String policies(JsonNode policies, boolean wide) {
        if (!policies.isArray()) {
            return "-";
        }
        List<String> names = new ArrayList<>();
        for (JsonNode each : policies) {
            names.add((each.path("namespace").isTextual() ? "" : "cluster:")
                    + each.path("name").asText()
                    + (each.path("dryRun").asBoolean() ? " (dry run)" : ""));
        }
        int more = wide ? 0 : Math.max(0, names.size() - SHOWN_POLICIES);
        return names.isEmpty()
                ? "any"
                : String.join(",", names.subList(0, names.size() - more)) + (more > 0 ? " and " + more + " more" : "");
    }

    private static String since(JsonNode since, Instant now, boolean wide) {
        if (!since.isTextual()) {
            return "-";
        }
        return wide ? since.asText() : Ages.ago(Duration.between(Instant.parse(since.asText()), now));
    }
}
