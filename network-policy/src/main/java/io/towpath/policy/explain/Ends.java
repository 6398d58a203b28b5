package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds who is meant by a name or an address. */
final class Ends {
    private final List<PodFact> pods;

    Ends(Facts facts) {
        Set<String> namespaces =
                facts.namespaces().stream().map(NamespaceFact::name).collect(Collectors.toSet());
        pods = facts.pods().stream()
                .filter(pod -> namespaces.contains(pod.namespace()))
                .toList();
    }

    /** Somebody who sends or receives; the pod is null if no pod has the address. */
    record End(@Nullable PodFact pod, IpAddress address) {
        @Override
        public String toString() {
            return pod == null ? address.toString() : pod.namespace() + "/" + pod.name() + " (" + address + ")";
        }
    }

    /** Two with addresses of the same family. */
    record Pair(End from, End to) {}

    /** @throws IllegalArgumentException if one is not known, or they cannot reach each other */
    Pair pair(String from, String to) {
        for (End sender : ends(from)) {
            for (End receiver : ends(to)) {
                if (sender.address.ipv6() == receiver.address.ipv6()) {
                    return new Pair(sender, receiver);
                }
            }
        }
        throw new IllegalArgumentException(from + " and " + to + " have no addresses of the same family");
    }

    private List<End> ends(String text) {
        IpAddress address = IpAddress.tryParse(text);
        if (address != null) {
            PodFact holder = pods.stream()
                    .filter(pod -> pod.addresses().contains(address))
                    .findFirst()
                    .orElse(null);
            return List.of(new End(holder, address));
        }
        for (PodFact pod : pods) {
            if (text.equals(pod.namespace() + "/" + pod.name())) {
                if (pod.addresses().isEmpty()) {
                    throw new IllegalArgumentException("pod " + text + " has no address yet");
                }
                return pod.addresses().stream().map(each -> new End(pod, each)).toList();
            }
        }
        throw new IllegalArgumentException(
                text.contains("/")
                        ? "there is no pod " + text
                                + " that policies can be about: it is not known, has ended, or is in"
                                + " its node's network"
                        : "\"" + text + "\" is neither a pod as namespace/name nor an address");
    }
}
