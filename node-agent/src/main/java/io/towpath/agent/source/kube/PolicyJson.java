package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.Interner;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads what all policies are made of. A field that is null is as one that is not there. Not for use by several threads. */
final class PolicyJson {
    /** So much of what somebody wrote is in a message. */
    private static final int QUOTED = 60;

    private final Interner<Selector> selectors = new Interner<>();

    /** The field's value, a missing node if there is none. */
    static JsonNode field(@Nullable JsonNode object, String name) {
        JsonNode value = object == null ? MissingNode.getInstance() : object.path(name);
        return value.isNull() ? MissingNode.getInstance() : value;
    }

    static boolean has(JsonNode object, String name) {
        return !field(object, name).isMissingNode();
    }

    /** The elements of a list; of one that is not there, none. */
    static List<JsonNode> list(@Nullable JsonNode object, String name) throws UnreadableException {
        JsonNode value = field(object, name);
        if (!value.isMissingNode() && !value.isArray()) {
            throw new UnreadableException(name + " is no list: " + quoted(value));
        }
        List<JsonNode> elements = new ArrayList<>(value.size());
        value.forEach(elements::add);
        return elements;
    }

    /** A field that is not known would say something that is not heeded. */
    static void allow(String what, JsonNode object, Set<String> known) throws UnreadableException {
        if (!object.isObject() && !object.isNull() && !object.isMissingNode()) {
            throw new UnreadableException(what + " is " + quoted(object));
        }
        for (Map.Entry<String, JsonNode> each : object.properties()) {
            if (!known.contains(each.getKey()) && !each.getValue().isNull()) {
                throw new UnreadableException(what + " has a field that is not known: " + each.getKey());
            }
        }
    }

    /** The one field that must be there. */
    static String only(String what, JsonNode object, Set<String> known) throws UnreadableException {
        allow(what, object, known);
        List<String> there =
                known.stream().filter(name -> has(object, name)).sorted().toList();
        if (there.size() != 1) {
            throw new UnreadableException(
                    what + (there.isEmpty() ? " has no field that is known" : " has " + String.join(" and ", there)));
        }
        return there.getFirst();
    }

    /** A LabelSelector of meta/v1; one that is not there selects everything. */
    Selector selector(JsonNode json) throws UnreadableException {
        if (json.isMissingNode() || json.isNull()) {
            return Selector.EVERYTHING;
        }
        allow("a selector", json, Set.of("matchLabels", "matchExpressions"));
        JsonNode matchLabels = field(json, "matchLabels");
        if (!matchLabels.isObject() && !matchLabels.isMissingNode()) {
            throw new UnreadableException("matchLabels is " + quoted(matchLabels));
        }
        Map<String, String> labels = new HashMap<>();
        for (Map.Entry<String, JsonNode> label : matchLabels.properties()) {
            labels.put(label.getKey(), label.getValue().isNull() ? "" : text("matchLabels", label.getValue()));
        }
        List<Requirement> requirements = new ArrayList<>();
        for (JsonNode each : list(json, "matchExpressions")) {
            requirements.add(requirement(each));
        }
        Selector selector = new Selector(labels, requirements);
        String flaw = selector.flaw();
        if (flaw != null) {
            throw new UnreadableException(flaw);
        }
        return selectors.intern(selector);
    }

    private static Requirement requirement(JsonNode json) throws UnreadableException {
        allow("a selector", json, Set.of("key", "operator", "values"));
        String key = text("key", field(json, "key"));
        if (key.isEmpty()) {
            throw new UnreadableException("selector: a key is empty");
        }
        Operator operator = switch (field(json, "operator").asText()) {
            case "In" -> Operator.IN;
            case "NotIn" -> Operator.NOT_IN;
            case "Exists" -> Operator.EXISTS;
            case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
            default ->
                throw new UnreadableException(
                        "selector: " + key + " with the operator " + quoted(field(json, "operator")));
        };
        List<String> values = new ArrayList<>();
        for (JsonNode value : list(json, "values")) {
            values.add(text("values", value));
        }
        return new Requirement(key, operator, values);
    }

    static String text(String what, JsonNode json) throws UnreadableException {
        if (!json.isTextual()) {
            throw new UnreadableException(what + " is no text: " + quoted(json));
        }
        return json.textValue();
    }

    /** A CIDR; what is beyond its length does not count. */
    static IpPrefix cidr(JsonNode json) throws UnreadableException {
        IpPrefix prefix = json.isTextual() ? IpPrefix.tryParse(json.textValue()) : null;
        if (prefix == null) {
            throw new UnreadableException("no CIDR: " + quoted(json));
        }
        return prefix.network();
    }

    static int number(String what, JsonNode json) throws UnreadableException {
        if (!json.isIntegralNumber() || !json.canConvertToInt()) {
            throw new UnreadableException(what + " is no number: " + quoted(json));
        }
        return json.intValue();
    }

    /** A protocol by its name in the API; TCP if it is left out, null for one that is not known. */
    static @Nullable Protocol protocol(@Nullable String name) {
        return switch (name == null ? "" : name) {
            case "", "TCP" -> Protocol.TCP;
            case "UDP" -> Protocol.UDP;
            case "SCTP" -> Protocol.SCTP;
            default -> null;
        };
    }

    static String quoted(JsonNode json) {
        String text = json.isMissingNode() ? "nothing" : json.toString();
        return text.length() <= QUOTED ? text : text.substring(0, QUOTED) + "...";
    }
}
