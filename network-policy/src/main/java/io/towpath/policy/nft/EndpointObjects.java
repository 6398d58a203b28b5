package io.towpath.policy.nft;

import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
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
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What leads from the pods of the node to their profiles in a direction: a map or, where many pods share a profile that leads to many chains, a
 * set of these pods. The kernel follows a map's goto for each element again, down to the last chain, but a rule's only once.
 */
final class EndpointObjects {
    private static final List<Boolean> FAMILIES = List.of(false, true);

    /** From how many gotos on that need not be followed a profile's pods have a set. */
    private static final int MANY = 1000;

    /** How many profiles have sets at most, as packets are looked up in all of them. */
    private static final int MOST_SETS = 4;

    private final TableLayout layout;
    private final Direction direction;
    private final Ruleset ruleset;
    private final List<String> shared;

    /**
     * Decides which profiles have sets.
     *
     * @param gotos how many each profile has in its maps, by its name
     */
    EndpointObjects(TableLayout layout, Direction direction, Ruleset ruleset, Map<String, Integer> gotos) {
        this.layout = layout;
        this.direction = direction;
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
        return direction == Direction.INGRESS ? bound.ingress() : bound.egress();
    }

    /** Adds the chain, maps and sets. */
    void addTo(TableState state) {
        Chain chain = layout.shared(direction);
        List<Rule> rules = new ArrayList<>();
        for (boolean ipv6 : FAMILIES) {
            List<Element> others = new ArrayList<>();
            SortedMap<String, List<Element>> pods = new TreeMap<>();
            ruleset.endpoints().forEach((endpoint, bound) -> {
                if (endpoint.address().ipv6() == ipv6) {
                    Element element = Element.of(TableLayout.key(endpoint));
                    Profile profile = profile(bound);
                    if (profile != null && shared.contains(profile.name())) {
                        pods.computeIfAbsent(profile.name(), _ -> new ArrayList<>())
                                .add(element);
                    } else {
                        others.add(element.to(profile == null ? Verdict.ACCEPT : Verdict.goTo(profile.name())));
                    }
                }
            });
            state.withSet(new SetState(layout.pods(direction, ipv6), Contents.Listed.of(others)));
            pods.forEach((profile, elements) -> {
                NftSet set = layout.pods(profile, ipv6);
                state.withSet(new SetState(set, Contents.Listed.of(elements)));
                rules.add(Rule.in(chain)
                        .in(set, TableLayout.link(direction), TableLayout.pod(direction, ipv6))
                        .goTo(Chain.of(layout.table(), profile)));
            });
        }
        state.withChain(new ChainState(chain, rules));
    }
}
