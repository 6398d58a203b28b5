package io.towpath.policy.ruleset;

import io.towpath.net.IpAddress;
import java.util.Collections;
import java.util.Set;
import java.util.SortedMap;

/**
 * What is enforced on a node.
 *
 * @param endpoints the pods of this node; whatever comes from or goes to another is denied
 * @param pods the addresses of all pods of the cluster, if a profile has an outcome for them
 */
public record Ruleset(SortedMap<Endpoint, Bound> endpoints, Set<IpAddress> pods) {
    public Ruleset {
        endpoints = Collections.unmodifiableSortedMap(endpoints);
        pods = Collections.unmodifiableSet(pods);
    }
}
