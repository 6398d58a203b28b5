package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.policy.explain.Explainer;
import io.towpath.policy.explain.Explanation;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.Protocol;
import java.util.Locale;
import java.util.Map;

/** Answers why a connection is allowed or not. */
final class Explaining {
    private static final int LAST_PORT = 0xffff;

    private Explaining() {}

    /**
     * The explanation as JSON, with its text.
     *
     * @param nodes as their packets show them
     * @param query {@code from}, {@code to} and {@code port}
     * @throws IllegalArgumentException saying in one line what of it is wrong
     */
    static String answer(Facts facts, Nodes nodes, Map<String, String> query) {
        String port = value(query, "port").toLowerCase(Locale.ROOT);
        int slash = port.indexOf('/');
        Protocol protocol = port.equals("icmp") ? null : protocol(slash < 0 ? "tcp" : port.substring(slash + 1));
        int number = protocol == null ? 0 : number(slash < 0 ? port : port.substring(0, slash));
        return json(new Explainer(facts, nodes).explain(value(query, "from"), value(query, "to"), protocol, number))
                .toString();
    }

    private static String value(Map<String, String> query, String name) {
        String value = query.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    private static Protocol protocol(String name) {
        for (Protocol each : Protocol.values()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(name)) {
                return each;
            }
        }
        throw new IllegalArgumentException("protocol \"" + name + "\" is none of tcp, udp, sctp, icmp");
    }

    private static int number(String text) {
        boolean isNumber = !text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        int number = isNumber ? Integer.parseInt(text) : -1;
        if (number < 0 || number > LAST_PORT) {
            throw new IllegalArgumentException("\"" + text + "\" is no port from 0 to 65535");
        }
        return number;
    }

    private static ObjectNode json(Explanation explanation) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("allowed", explanation.allowed())
                .put("from", explanation.from())
                .put("to", explanation.to())
                .put("port", explanation.port());
        explanation.notes().forEach(json.putArray("notes")::add);
        ArrayNode sides = json.putArray("sides");
        for (Explanation.Side side : explanation.sides()) {
            ObjectNode each =
                    sides.addObject().put("direction", side.direction().word()).put("pod", side.pod());
            put(side.enforced(), each);
            put(side.tried(), each.putObject("withDryRuns"));
        }
        return json.put("text", explanation.toString());
    }

    private static void put(Explanation.Verdict verdict, ObjectNode into) {
        into.put("allowed", verdict.allowed());
        verdict.policies().forEach(into.putArray("policies")::add);
        verdict.why().forEach(into.putArray("why")::add);
    }
}
