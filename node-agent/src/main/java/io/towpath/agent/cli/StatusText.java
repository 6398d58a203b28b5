package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.status.Ages;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A status for an operator's eyes: one screen, however many nodes there are. */
final class StatusText {
    private static final int LINES = 15;

    private final StringBuilder text = new StringBuilder();
    private final JsonNode status;
    private final Instant now;
    private final int lines;

    private StatusText(JsonNode status, Instant now, int lines) {
        this.lines = lines;
        this.status = status;
        this.now = now;
    }

    /**
     * The screen.
     *
     * @param status in the form of {@link io.towpath.agent.status.StatusJson}; what is absent is left out
     * @param wide whether lists are whole
     */
    static String of(JsonNode status, Instant now, boolean wide) {
        StatusText screen = new StatusText(status, now, wide ? Integer.MAX_VALUE : LINES);
        screen.head();
        screen.devices();
        screen.peers();
        if (!status.path("ipam").isEmpty()) {
            screen.text.append('\n');
            appendFills(screen.text, status.path("ipam"));
        }
        screen.list(
                "/rejected",
                "left out",
                each -> each.path("node").asText()
                        + (each.path("family").isTextual()
                                ? ", " + each.path("family").asText()
                                : "")
                        + (each.path("isReady").asBoolean() ? ", which is Ready" : "") + ": "
                        + each.path("reason").asText());
        screen.list("/policy/problems", "problems of policies", JsonNode::asText);
        screen.list(
                "/policy/unenforced/names",
                "not enforced, of Calico's own kinds ("
                        + status.at("/policy/unenforced/count").asInt() + ")",
                JsonNode::asText);
        screen.list("/policy/waiting", "pods that are not known yet, to which all is denied", JsonNode::asText);
        return screen.text.toString();
    }

    private void head() {
        String node = status.path("node").asText("");
        text.append(node.isEmpty() || status.path("node").isNull() ? "this node" : "node " + node)
                .append(
                        status.path("ready").asBoolean()
                                ? ": ready"
                                : ": not ready: " + status.path("notReady").asText())
                .append('\n');
        JsonNode rounds = status.path("rounds");
        if (rounds.isObject()) {
            line(
                    "agent",
                    status.path("version").asText() + ", started " + ago(status.path("started")) + ", "
                            + rounds.path("total").asLong() + " rounds, "
                            + rounds.path("failed").asLong() + " failed, the last took "
                            + Math.round(rounds.path("lastDuration").asDouble() * 1000) + " ms");
        }
        JsonNode source = status.path("source");
        if (source.isObject()) {
            line(
                    "source",
                    source.path("name").asText() + (source.path("inSync").asBoolean() ? ", in sync" : ", not in sync")
                            + ", last change " + ago(source.path("lastChange")) + problem(source.path("trouble")));
            if (source.path("cacheProblem").isTextual()) {
                line(
                        "cache",
                        "not kept up to date: " + source.path("cacheProblem").asText());
            }
        }
        JsonNode overlay = status.path("overlay");
        line(
                "overlay",
                (overlay.path("stands").asBoolean() ? "stands" : "does not stand") + problem(overlay.path("problem")));
        overlay.path("obstacles").forEach(each -> line("obstacle", each.asText()));
        overlay.path("outside").forEach(each -> line("outside", each.asText() + ": not of this node's podCIDR"));
        JsonNode guard = status.path("guard");
        if (guard.isObject()) {
            line(
                    "guard",
                    (guard.path("inForce").asBoolean() ? "in force" : "not in force") + problem(guard.path("problem"))
                            + ", repaired " + guard.path("repairs").asLong() + " times, dropped "
                            + guard.path("dropped").asLong() + " packets" + counted(guard));
        }
        List<String> drops = new ArrayList<>();
        for (JsonNode each : status.path("sourceDrops")) {
            drops.add(each.path("pod").asText(each.path("link").asText()) + " "
                    + each.path("packets").asLong());
        }
        if (!drops.isEmpty()) {
            line("sources", "dropped packets with sources that are not the pod's: " + String.join(", ", drops));
        }
        JsonNode policy = status.path("policy");
        if (policy.isObject()) {
            line("policies", policyLine(policy));
            if (policy.at("/unenforced/problem").isTextual()) {
                line("calico", policy.at("/unenforced/problem").asText());
            }
        }
        if (status.path("repairs").isObject()) {
            List<String> kinds = new ArrayList<>();
            status.path("repairs")
                    .properties()
                    .forEach(each ->
                            kinds.add(each.getKey() + " " + each.getValue().asLong()));
            line("repairs", kinds.isEmpty() ? "none" : String.join(", ", kinds));
        }
        JsonNode attachments = status.path("attachments");
        if (attachments.isObject()) {
            line(
                    "pods",
                    "compared " + ago(attachments.path("last")) + problem(attachments.path("problem"))
                            + "; cleared away: " + attachments.path("leases").asLong() + " leases, "
                            + attachments.path("links").asLong() + " links, "
                            + attachments.path("routes").asLong() + " routes");
        }
        if (status.path("ipamProblem").isTextual()) {
            line("ipam", status.path("ipamProblem").asText());
        }
    }

    private String policyLine(JsonNode policy) {
        JsonNode dropped = policy.path("dropped");
        return (policy.path("inForce").asBoolean() ? "in force" : "not in force") + problem(policy.path("problem"))
                + problem(policy.path("trouble")) + known(policy) + ", "
                + policy.path("policies").asLong() + " of namespaces, "
                + policy.path("clusterPolicies").asLong() + " of the cluster, "
                + policy.path("endpoints").asLong() + " endpoints, repaired "
                + policy.path("repairs").asLong() + " times, denied "
                + dropped.path("ingress").asLong() + " packets to pods and "
                + dropped.path("egress").asLong() + " from pods" + counted(policy)
                + (policy.path("dryRun").isObject()
                        ? "; a dry run would deny "
                                + policy.at("/dryRun/ingress").asLong() + " and "
                                + policy.at("/dryRun/egress").asLong()
                        : "");
    }

    private String counted(JsonNode of) {
        return of.path("counted").isTextual() ? " (counted " + ago(of.path("counted")) + ")" : "";
    }

    /** Nothing while the source says that it still holds. */
    private String known(JsonNode policy) {
        boolean holds =
                policy.path("known").asBoolean() && !policy.path("trouble").isTextual();
        return holds || !policy.path("held").isTextual() ? "" : ", as known " + ago(policy.path("held"));
    }

    private void line(String label, String value) {
        text.append(label).repeat(' ', 10 - label.length()).append(value).append('\n');
    }

    private static String problem(JsonNode problem) {
        return problem.isTextual() ? ": " + problem.asText() : "";
    }

    private void devices() {
        JsonNode devices = status.path("overlay").path("devices");
        if (devices.isEmpty()) {
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("DEVICE", "VNI", "PORT", "MTU", "MAC", "LOCAL", "INTERFACE", "SLICE"));
        for (JsonNode device : devices) {
            rows.add(cells(device, "name", "vni", "port", "mtu", "mac", "local", "interface", "slice"));
        }
        text.append('\n');
        Columns.append(text, rows);
    }

    private void peers() {
        List<JsonNode> peers = new ArrayList<>();
        status.path("overlay").path("peers").forEach(peers::add);
        if (peers.isEmpty()) {
            return;
        }
        // Those with something to tell first.
        peers.sort(Comparator.<JsonNode, Boolean>comparing(
                        peer -> !peer.path("problem").isTextual())
                .thenComparing(peer -> peer.path("lastRepair").path("when").asText(""), Comparator.reverseOrder()));
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NODE", "SLICE", "ADDRESS", "STATE", "LAST REPAIR"));
        for (JsonNode peer : peers.subList(0, Math.min(lines, peers.size()))) {
            List<String> row = new ArrayList<>(cells(peer, "node", "slice", "address"));
            row.add(peer.path("problem").isTextual() ? peer.path("problem").asText() : "ok");
            JsonNode repair = peer.path("lastRepair");
            row.add(repair.isObject() ? repair.path("what").asText() + ", " + ago(repair.path("when")) : "-");
            rows.add(row);
        }
        text.append('\n');
        Columns.append(text, rows);
        if (peers.size() > lines) {
            text.append("and ").append(peers.size() - lines).append(" more: towpath-node overlay show\n");
        }
    }

    private static List<String> cells(JsonNode json, String... keys) {
        List<String> cells = new ArrayList<>();
        for (String key : keys) {
            cells.add(json.path(key).asText("-"));
        }
        return cells;
    }

    /** Appends how full ranges are. */
    static void appendFills(StringBuilder text, JsonNode fills) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NETWORK", "RANGE", "LEASED", "OF", "FULL"));
        for (JsonNode fill : fills) {
            long capacity = fill.path("capacity").asLong();
            long taken = fill.path("taken").asLong();
            rows.add(List.of(
                    fill.path("network").asText(),
                    fill.path("range").asText(),
                    Long.toString(taken),
                    capacity == Long.MAX_VALUE ? "2^63 and more" : Long.toString(capacity),
                    String.format(Locale.ROOT, "%.0f %%", capacity == 0 ? 100.0 : 100.0 * taken / capacity)));
        }
        Columns.append(text, rows);
    }

    private void list(String where, String title, Function<JsonNode, String> line) {
        JsonNode all = status.at(where);
        int shown = 0;
        for (JsonNode each : all) {
            if (shown++ == 0) {
                text.append('\n').append(title).append(":\n");
            }
            if (shown > lines) {
                text.append("  and ").append(all.size() - lines).append(" more: see -o wide\n");
                return;
            }
            text.append("  ").append(line.apply(each)).append('\n');
        }
    }

    private String ago(JsonNode time) {
        Duration since;
        try {
            since = Duration.between(Instant.parse(time.asText("")), now);
        } catch (DateTimeParseException _) {
            return "never";
        }
        return Ages.ago(since);
    }
}
