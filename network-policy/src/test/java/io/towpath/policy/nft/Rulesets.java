package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Ruleset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Rulesets by hand. */
final class Rulesets {
    private final SortedMap<Endpoint, Bound> endpoints = new TreeMap<>();
    private Set<IpAddress> pods = Set.of();

    Rulesets with(PolicyScene.Pod pod, @Nullable Profile ingress, @Nullable Profile egress) {
        pod.endpoints().forEach(endpoint -> endpoints.put(endpoint, new Bound(ingress, egress)));
        return this;
    }

    Rulesets with(Endpoint endpoint, @Nullable Profile ingress, @Nullable Profile egress) {
        endpoints.put(endpoint, new Bound(ingress, egress));
        return this;
    }

    Rulesets open(PolicyScene.Pod... open) {
        for (PolicyScene.Pod pod : open) {
            with(pod, null, null);
        }
        return this;
    }

    Rulesets withPods(IpAddress... all) {
        pods = Set.of(all);
        return this;
    }

    Ruleset build() {
        return new Ruleset(endpoints, pods);
    }

    static Profile profile(String name, Direction direction, Map<IpAddress, Outcome> addresses) {
        return new Profile(name, direction, addresses, null, List.of(), Outcome.DENY);
    }

    static Profile deny(Direction direction) {
        return profile(direction == Direction.INGRESS ? "in-0" : "out-0", direction, Map.of());
    }

    /** The outcome for both addresses of some pods. */
    static Map<IpAddress, Outcome> to(Outcome outcome, PolicyScene.Pod... pods) {
        Map<IpAddress, Outcome> map = new LinkedHashMap<>();
        for (PolicyScene.Pod pod : pods) {
            map.put(IpAddress.parse(pod.v4), outcome);
            map.put(IpAddress.parse(pod.v6), outcome);
        }
        return map;
    }

    static Block block(String first, String last, Outcome outcome) {
        return new Block(IpAddress.parse(first), IpAddress.parse(last), outcome);
    }
}
