package io.towpath.agent.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.policy.explain.Explainer;
import io.towpath.policy.explain.Explanation;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.explain.PortQuestion;
import io.towpath.policy.facts.Facts;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers why a connection is allowed or not. */
final class Explaining {
    private Explaining() {}

    /**
     * The explanation as JSON, with its text.
     *
     * @param nodes as their packets show them
     * @param query {@code from}, {@code to} and {@code port}
     * @param notInForce why what is known is not what this node enforces; null if it is
     * @throws IllegalArgumentException saying in one line what of it is wrong
     */
    static String answer(Facts facts, Nodes nodes, Map<String, String> query, @Nullable String notInForce) {
        PortQuestion port = PortQuestion.parse(value(query, "port"));
        Explanation explanation = new Explainer(facts, nodes).explain(value(query, "from"), value(query, "to"), port);
        return json(notInForce == null ? explanation : explanation.with(notInForce), notInForce == null)
                .toString();
    }

    private static String value(Map<String, String> query, String name) {
        String value = query.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    private static ObjectNode json(Explanation explanation, boolean isInForce) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("allowed", explanation.allowed()).put("inForce", isInForce);
        put(explanation.from(), json.putObject("from"));
        put(explanation.to(), json.putObject("to"));
        PortQuestion port = explanation.port();
        json.put("protocol", port.protocolWord())
                .put("port", port.protocol() == null ? null : port.number())
                .put("portName", port.name());
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

    private static void put(Explanation.End end, ObjectNode into) {
        into.put("pod", end.pod())
                .put("node", end.node())
                .put("address", end.address().toString());
    }

    private static void put(Explanation.Verdict verdict, ObjectNode into) {
        into.put("allowed", verdict.allowed());
        ArrayNode policies = into.putArray("policies");
        verdict.policies().forEach(policy -> EndpointJson.put(policy, policies.addObject()));
        verdict.why().forEach(into.putArray("why")::add);
    }
}
