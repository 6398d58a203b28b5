package io.towpath.policy.nft;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What leads from the pods of the node to their profiles on a way: a map or, where many pods share a profile that leads to many chains, a
 * set of these pods. The kernel follows a map's goto for each element again, down to the last chain, but a rule's only once.
 */
final class EndpointObjects {
    private static final List<Boolean> FAMILIES = List.of(false, true);

    /** From how many gotos on that need not be followed a profile's pods have a set. */
    private static final int MANY = 1000;

    /** How many profiles have sets at most, as packets are looked up in all of them. */
    private static final int MOST_SETS = 4;

    private final TableLayout layout;
    private final Way way;
    private final Ruleset ruleset;
    private final List<String> shared;

    /**
     * Decides which profiles have sets.
     *
     * @param gotos how many each profile has in its maps, by its name
     */
    EndpointObjects(TableLayout layout, Way way, Ruleset ruleset, Map<String, Integer> gotos) {
        this.layout = layout;
        this.way = way;
        this.ruleset = ruleset;
        Map<String, Long> spared = new HashMap<>();
        for (Bound bound : ruleset.endpoints().values()) {
            Profile profile = profile(bound);
            if (profile != null) {
                // The first is followed anyway.
                long each = gotos.getOrDefault(profile.name(), 0);
                spared.merge(profile.name(), 0L, (sum, _) -> sum + each);
            }
        }
        shared = spared.entrySet().stream()
                .filter(entry -> entry.getValue() > MANY)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(MOST_SETS)
                .map(Map.Entry::getKey)
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    private @Nullable Profile profile(Bound bound) {
        return way.direction() == Direction.INGRESS ? bound.ingress() : bound.egress();
    }

    /** Adds the chain, maps and sets. */
    void addTo(TableState state) {
        Chain chain = layout.shared(way);
        List<Rule> rules = new ArrayList<>();
        for (boolean ipv6 : FAMILIES) {
            List<Element> others = new ArrayList<>();
            SortedMap<String, List<Element>> pods = new TreeMap<>();
            decided(ipv6).forEach((key, decision) -> {
                Element element = Element.of(key);
                Profile profile = decision.profile;
                if (profile != null && shared.contains(profile.name())) {
                    pods.computeIfAbsent(profile.name(), _ -> new ArrayList<>()).add(element);
                } else {
                    others.add(element.to(verdict(decision)));
                }
            });
            state.withSet(new SetState(layout.pods(way, ipv6), Contents.Listed.of(others)));
            pods.forEach((profile, elements) -> {
                NftSet set = layout.pods(way, profile, ipv6);
                state.withSet(new SetState(set, Contents.Listed.of(elements)));
                rules.add(Rule.in(chain).in(set, way.fields(ipv6)).goTo(Chain.of(layout.table(), profile)));
            });
        }
        state.withChain(new ChainState(chain, rules));
    }

    /**
     * What is asked of the packets of a pod.
     *
     * @param isKnown false where two pods have one key and not one profile, and nobody can tell whose a packet is
     */
    private record Decision(@Nullable Profile profile, boolean isKnown) {
        private Decision and(Decision other) {
            return equals(other) ? this : new Decision(null, false);
        }
    }

    private Verdict verdict(Decision decision) {
        if (!decision.isKnown) {
            return Verdicts.denied(way.direction());
        }
        return decision.profile == null ? Verdict.ACCEPT : Verdict.goTo(decision.profile.name());
    }

    private Map<Value, Decision> decided(boolean ipv6) {
        Map<Value, Decision> decided = new LinkedHashMap<>();
        ruleset.endpoints().forEach((endpoint, bound) -> {
            if (endpoint.address().ipv6() == ipv6) {
                decided.merge(way.key(endpoint), new Decision(profile(bound), true), Decision::and);
            }
        });
        return decided;
    }
}
