package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Decide;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How the table must be for a ruleset. No I/O. What a profile needs is kept from one ruleset to the next that has it, too. */
final class DesiredTable {
    private static final List<Boolean> FAMILIES = List.of(false, true);

    /**
     * From how many addresses on an outcome has a set of its own. The kernel follows every goto of every element, once for each pod,
     * whenever one is added: with ten thousand it takes a quarter of a second, and nothing for a set.
     */
    private static final int MANY = 64;

    /** How many sets of a profile and a family are looked into at most. */
    private static final int MOST_SETS = 8;

    private final TableLayout layout;
    private final List<ChainState> chains;
    private IdentityHashMap<Profile, Part> parts = new IdentityHashMap<>();
    private Map<String, ProgramObjects> programs = new HashMap<>();
    private Set<IpAddress> pods = Set.of();
    private List<SetState> podSets;

    DesiredTable(PolicyOptions options) {
        this(new TableLayout(options));
    }

    DesiredTable(TableLayout layout) {
        this.layout = layout;
        chains = layout.chains();
        podSets = podSets();
    }

    Table table() {
        return layout.table();
    }

    /** What a rule of the table counts. */
    TableLayout.Reason reason(Rule rule) {
        return layout.reason(rule);
    }

    /** What is done with connections that were cut. */
    Cuts cuts() {
        return layout.cuts();
    }

    /** What is done with packets that are denied. */
    Denials denials() {
        return layout.denials();
    }

    /** The objects of a profile, and how many gotos are in its maps. */
    private record Part(ChainState chain, List<SetState> sets, List<ProgramUse> programs, int gotos) {}

    /** Makes it. */
    TableState of(Ruleset ruleset) {
        TableState state = TableState.empty(layout.table());
        chains.forEach(state::withChain);
        IdentityHashMap<Profile, Part> used = new IdentityHashMap<>();
        SortedMap<String, Part> byName = new TreeMap<>();
        for (Bound bound : ruleset.endpoints().values()) {
            use(bound.ingress(), used, byName);
            use(bound.egress(), used, byName);
        }
        endpoints(ruleset, byName, state);
        layout.denials().addTo(ruleset, state);
        layout.passing().forEach(set -> state.withSet(new SetState(set, new Contents.Passing())));
        if (ruleset.endpoints().values().stream().anyMatch(DesiredTable::usesPods)) {
            if (!ruleset.pods().equals(pods)) {
                pods = ruleset.pods();
                podSets = podSets();
            }
            podSets.forEach(state::withSet);
        }
        Map<String, ProgramObjects> usedPrograms = new LinkedHashMap<>();
        for (Part part : byName.values()) {
            state.withChain(part.chain);
            part.sets.forEach(state::withSet);
            for (ProgramUse use : part.programs) {
                if (usedPrograms.containsKey(use.name())) {
                    continue;
                }
                ProgramObjects known = programs.get(use.name());
                ProgramObjects objects =
                        known != null && known.use().equals(use) ? known : ProgramObjects.of(layout.table(), use);
                usedPrograms.put(use.name(), objects);
            }
        }
        for (ProgramObjects program : usedPrograms.values()) {
            state.withChain(program.chain());
            program.sets().forEach(state::withSet);
        }
        parts = used;
        programs = usedPrograms;
        return state;
    }

    private void use(@Nullable Profile profile, IdentityHashMap<Profile, Part> used, SortedMap<String, Part> byName) {
        if (profile == null || used.containsKey(profile)) {
            return;
        }
        Part known = parts.get(profile);
        Part part = known != null ? known : part(profile);
        used.put(profile, part);
        byName.put(profile.name(), part);
    }

    private void endpoints(Ruleset ruleset, Map<String, Part> byName, TableState state) {
        Map<String, Integer> gotos = new HashMap<>();
        byName.forEach((name, part) -> gotos.put(name, part.gotos));
        for (boolean ipv6 : FAMILIES) {
            List<Element> sources = new ArrayList<>();
            for (Endpoint endpoint : ruleset.endpoints().keySet()) {
                if (endpoint.address().ipv6() == ipv6) {
                    sources.add(Element.of(TableLayout.key(endpoint)));
                }
            }
            state.withSet(new SetState(layout.sources(ipv6), Contents.Listed.of(sources)));
        }
        for (Way way : Way.values()) {
            new EndpointObjects(layout, way, ruleset, gotos).addTo(state);
        }
    }

    /** All pods of the cluster, for profiles with a rule for all of them. */
    private NftSet allPods(boolean ipv6) {
        return NftSet.set(layout.table(), TableLayout.name("pods", ipv6), TableLayout.address(ipv6));
    }

    private List<SetState> podSets() {
        return FAMILIES.stream().map(ipv6 -> podSet(ipv6)).toList();
    }

    private SetState podSet(boolean ipv6) {
        List<Element> elements = new ArrayList<>();
        for (IpAddress pod : pods) {
            if (pod.ipv6() == ipv6) {
                elements.add(Element.of(Value.of(pod)));
            }
        }
        return new SetState(allPods(ipv6), Contents.Listed.of(elements));
    }

    private static boolean usesPods(Bound bound) {
        Profile ingress = bound.ingress();
        Profile egress = bound.egress();
        return (ingress != null && ingress.pods() != null) || (egress != null && egress.pods() != null);
    }

    private Part part(Profile profile) {
        Direction direction = profile.direction();
        Chain chain = Chain.of(layout.table(), profile.name());
        List<Rule> rules = new ArrayList<>();
        List<SetState> sets = new ArrayList<>();
        List<Outcome> frequent = frequent(profile);
        for (boolean ipv6 : FAMILIES) {
            addresses(profile, ipv6, null, frequent, rules, sets);
            for (Outcome outcome : frequent) {
                addresses(profile, ipv6, outcome, frequent, rules, sets);
            }
        }
        Outcome pods = profile.pods();
        if (pods != null) {
            for (boolean ipv6 : FAMILIES) {
                rules.add(Rule.in(chain)
                        .in(allPods(ipv6), TableLayout.peer(direction, ipv6))
                        .with(new Decide(Verdicts.of(direction, pods)))
                        .build());
            }
        }
        for (boolean ipv6 : FAMILIES) {
            List<Element> blocks = blocks(profile, ipv6);
            if (!blocks.isEmpty()) {
                NftSet set = NftSet.verdicts(
                                layout.table(),
                                TableLayout.name(profile.name() + "-blocks", ipv6),
                                TableLayout.address(ipv6))
                        .withIntervals();
                sets.add(new SetState(set, Contents.Listed.of(blocks)));
                rules.add(Rule.in(chain).vmap(set, TableLayout.peer(direction, ipv6)));
            }
        }
        rules.add(Rule.in(chain)
                .with(new Decide(Verdicts.of(direction, profile.rest())))
                .build());
        return new Part(new ChainState(chain, rules), sets, ProgramUse.of(profile), gotos(profile, frequent));
    }

    private static int gotos(Profile profile, List<Outcome> frequent) {
        int gotos = 0;
        for (Outcome outcome : profile.addresses().values()) {
            if (!(outcome instanceof Outcome.Allow) && !frequent.contains(outcome)) {
                gotos++;
            }
        }
        for (Block block : profile.blocks()) {
            if (!(block.outcome() instanceof Outcome.Allow)) {
                gotos++;
            }
        }
        return gotos;
    }

    /** The outcomes, other than passing, that many addresses of a profile have. */
    private static List<Outcome> frequent(Profile profile) {
        Map<Outcome, Integer> counts = new HashMap<>();
        for (Outcome outcome : profile.addresses().values()) {
            if (!(outcome instanceof Outcome.Allow)) {
                counts.merge(outcome, 1, Integer::sum);
            }
        }
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() > MANY)
                .sorted(Map.Entry.<Outcome, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(entry -> Verdicts.name(entry.getKey())))
                .limit(MOST_SETS)
                .map(Map.Entry::getKey)
                .sorted(Comparator.comparing(Verdicts::name))
                .toList();
    }

    /** Adds the addresses of one outcome or, if it is null, of all that are not frequent. */
    private void addresses(
            Profile profile,
            boolean ipv6,
            @Nullable Outcome only,
            List<Outcome> frequent,
            List<Rule> rules,
            List<SetState> sets) {
        Direction direction = profile.direction();
        Addresses contents = new Addresses(profile.addresses(), ipv6, direction, only, frequent);
        if (contents.isEmpty()) {
            return;
        }
        Chain chain = Chain.of(layout.table(), profile.name());
        String name = only == null ? profile.name() : profile.name() + "-" + Verdicts.name(only);
        NftSet set = NftSet.set(layout.table(), TableLayout.name(name, ipv6), TableLayout.address(ipv6));
        RuleBuilder rule = Rule.in(chain);
        if (only == null) {
            set = NftSet.verdicts(set.table(), set.name(), TableLayout.address(ipv6));
            rules.add(rule.vmap(set, TableLayout.peer(direction, ipv6)));
        } else {
            rules.add(rule.in(set, TableLayout.peer(direction, ipv6))
                    .with(new Decide(Verdicts.of(direction, only)))
                    .build());
        }
        sets.add(new SetState(set, contents));
    }

    private static List<Element> blocks(Profile profile, boolean ipv6) {
        List<Element> elements = new ArrayList<>();
        for (Block block : profile.blocks()) {
            if (block.first().ipv6() == ipv6) {
                elements.add(Element.range(Value.of(block.first()), Value.of(block.last()))
                        .to(Verdicts.of(profile.direction(), block.outcome())));
            }
        }
        return elements;
    }
}
