package io.towpath.policy.ruleset;

import io.towpath.net.IpAddress;
import java.util.Comparator;

/**
 * An address of a pod of this node.
 *
 * @param link the node's interface to the pod
 */
public record Endpoint(String link, IpAddress address) implements Comparable<Endpoint> {
    private static final Comparator<Endpoint> ORDER =
            Comparator.comparing(Endpoint::link).thenComparing(Endpoint::address);

    @Override
    public int compareTo(Endpoint other) {
        return ORDER.compare(this, other);
    }
}
