package io.towpath.policy.facts;

import java.util.Map;

/** A namespace. Pods of one that is not known are not known, either. */
public record NamespaceFact(String name, Map<String, String> labels) {
    public NamespaceFact {
        labels = Map.copyOf(labels);
    }
}
