package io.towpath.agent.source;

import io.towpath.cni.wiring.EndpointName;
import io.towpath.policy.facts.Facts;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the cluster, as policies see it.
 *
 * @param facts the whole of it
 * @param uids of the pods of this node by {@code namespace/name} their UID, which tells a pod from a later one of the same name
 * @param held of what was kept by an agent before, when it last held; null for what the source has told this one
 */
public record PolicyFacts(
        Facts facts, Map<String, String> uids, @Nullable Instant held) {
    public PolicyFacts {
        uids = Map.copyOf(uids);
    }

    /** The key of this node's pod whose first interface has a link of this name on the node; null if it has no such pod. */
    public @Nullable String podOf(String link) {
        for (String key : uids.keySet()) {
            int slash = key.indexOf('/');
            if (EndpointName.hostName(key.substring(0, slash), key.substring(slash + 1), "", "eth0")
                    .equals(link)) {
                return key;
            }
        }
        return null;
    }

    /** What the source tells. */
    public PolicyFacts(Facts facts, Map<String, String> uids) {
        this(facts, uids, null);
    }

    /** A pod's key in {@code uids}. */
    public static String key(String namespace, String name) {
        return namespace + '/' + name;
    }
}
