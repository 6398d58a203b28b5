package io.towpath.policy.compile;

import io.towpath.policy.facts.NamedPort;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Pods that no policy tells apart, but by their addresses: same namespace, labels and named ports. */
final class PodClass {
    final Namespace namespace;
    final Key key;
    final Set<Pod> pods = new HashSet<>();

    /** Those it belongs to. */
    final List<PodSet> sets = new ArrayList<>(2);

    PodClass(Namespace namespace, Key key) {
        this.namespace = namespace;
        this.key = key;
    }

    record Key(Map<String, String> labels, List<NamedPort> ports) {}

    Map<String, String> labels() {
        return key.labels();
    }

    List<NamedPort> ports() {
        return key.ports();
    }
}
