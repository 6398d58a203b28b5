package io.towpath.policy.facts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A LabelSelector of {@code meta/v1}: all that it says must hold; an empty one selects everything. */
public record Selector(Map<String, String> matchLabels, List<Requirement> requirements) {
    public static final Selector EVERYTHING = new Selector(Map.of(), List.of());

    public Selector {
        matchLabels = Map.copyOf(matchLabels);
        requirements = List.copyOf(requirements);
    }

    /** Selects what has all of these labels. */
    public static Selector of(Map<String, String> labels) {
        return new Selector(labels, List.of());
    }

    /** Selects what meets all of these. */
    public static Selector of(Requirement... requirements) {
        return new Selector(Map.of(), List.of(requirements));
    }

    /** Selects nothing, as what it was read from is no selector; {@link #flaw} says why. */
    public static Selector unreadable(String why) {
        return of(new Requirement("", Operator.EXISTS, List.of(why)));
    }

    /** How the values of a key count. A key that is not there is in no list of values. */
    public enum Operator {
        IN,
        NOT_IN,
        EXISTS,
        DOES_NOT_EXIST
    }

    /** One of matchExpressions. */
    public record Requirement(String key, Operator operator, List<String> values) {
        public Requirement {
            values = List.copyOf(values);
        }

        boolean isMetBy(Map<String, String> labels) {
            String value = labels.get(key);
            return switch (operator) {
                case IN -> value != null && values.contains(value);
                case NOT_IN -> value == null || !values.contains(value);
                case EXISTS -> value != null;
                case DOES_NOT_EXIST -> value == null;
            };
        }
    }

    /** Whether it selects everything. */
    public boolean isEmpty() {
        return matchLabels.isEmpty() && requirements.isEmpty();
    }

    /** Whether it selects what has these labels. */
    public boolean matches(Map<String, String> labels) {
        for (Map.Entry<String, String> label : matchLabels.entrySet()) {
            if (!label.getValue().equals(labels.get(label.getKey()))) {
                return false;
            }
        }
        for (Requirement requirement : requirements) {
            if (!requirement.isMetBy(labels)) {
                return false;
            }
        }
        return true;
    }

    /** Why it is none, by the words of {@code meta/v1} on values; null if it is one. */
    public @Nullable String flaw() {
        for (Requirement requirement : requirements) {
            if (requirement.key.isEmpty() && !requirement.values.isEmpty()) {
                return requirement.values.getFirst(); // no label has such a key
            }
            boolean wantsValues = requirement.operator == Operator.IN || requirement.operator == Operator.NOT_IN;
            if (wantsValues == requirement.values.isEmpty()) {
                return "selector: " + requirement.key
                        + (wantsValues ? " in or not in no values" : " exists with values");
            }
        }
        return null;
    }
}
