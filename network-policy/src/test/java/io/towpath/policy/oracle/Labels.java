package io.towpath.policy.oracle;

import io.towpath.policy.facts.Selector;
import java.util.Map;
import java.util.Set;

/** Selectors as the documentation of {@code meta/v1} LabelSelector says, word by word. */
final class Labels {
    private Labels() {}

    /** "The result of matchLabels and matchExpressions are ANDed. An empty label selector matches all objects." */
    static boolean match(Selector selector, Map<String, String> labels) {
        return selector.matchLabels().entrySet().stream()
                        .allMatch(wanted -> labels.entrySet().contains(wanted))
                && selector.requirements().stream().allMatch(requirement -> {
                    boolean exists = labels.containsKey(requirement.key());
                    boolean listed = exists && Set.copyOf(requirement.values()).contains(labels.get(requirement.key()));
                    return switch (requirement.operator()) {
                        case IN -> listed;
                        case NOT_IN -> !listed;
                        case EXISTS -> exists;
                        case DOES_NOT_EXIST -> !exists;
                    };
                });
    }

    /** "If the operator is In or NotIn, the values array must be non-empty. If Exists or DoesNotExist, it must be empty." */
    static boolean isValid(Selector selector) {
        return selector.requirements().stream().allMatch(requirement -> switch (requirement.operator()) {
            case IN, NOT_IN -> !requirement.values().isEmpty();
            case EXISTS, DOES_NOT_EXIST -> requirement.values().isEmpty();
        });
    }
}
