package io.towpath.agent.source;

import io.towpath.policy.facts.Facts;
import java.util.Map;

/**
 * What is known of the cluster, as policies see it.
 *
 * @param facts the whole of it
 * @param uids of the pods of this node by {@code namespace/name} their UID, which tells a pod from a later one of the same name
 */
public record PolicyFacts(Facts facts, Map<String, String> uids) {
    public PolicyFacts {
        uids = Map.copyOf(uids);
    }

    /** A pod's key in {@code uids}. */
    public static String key(String namespace, String name) {
        return namespace + '/' + name;
    }
}
