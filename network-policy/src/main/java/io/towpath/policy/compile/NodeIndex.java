package io.towpath.policy.compile;

import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The nodes' addresses, by what selects them. */
final class NodeIndex {
    private final Map<Selector, List<AddressRange>> selected = new HashMap<>();
    private List<NodeFact> nodes = List.of();

    /** Tells whether anything changed. */
    boolean update(List<NodeFact> newer) {
        boolean changed = !Diff.of(nodes, newer, NodeFact::name).isEmpty();
        if (changed) {
            selected.clear();
        }
        nodes = newer;
        return changed;
    }

    List<AddressRange> select(Selector selector) {
        return selected.computeIfAbsent(selector, each -> {
            List<AddressRange> addresses = new ArrayList<>();
            for (NodeFact node : nodes) {
                if (each.matches(node.labels())) {
                    node.addresses().forEach(address -> addresses.add(AddressRange.of(address)));
                }
            }
            return addresses;
        });
    }
}
