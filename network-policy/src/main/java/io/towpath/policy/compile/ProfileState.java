package io.towpath.policy.compile;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PortMatch.Named;
import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A profile, and what is needed to change it where the facts change. */
final class ProfileState {
    private final Key key;
    private final String name;
    private final PodIndex index;
    private final Outcomes outcomes;
    private Tiers tiers;
    private Segments segments = Segments.of(List.of());
    private List<Block> ranges = List.of();
    private @Nullable Outcome pods;
    private Outcome rest = Outcome.DENY;
    private AddressMap addresses = AddressMap.EMPTY;
    private Profile profile;
    private final Map<Seen, PortSet> memo = new HashMap<>();

    /**
     * What tells profiles apart.
     *
     * @param units the ordinals of the policies
     * @param names of ingress, what ports the pods' names in them stand for
     */
    record Key(Direction direction, BitSet units, Map<Named, PortSet> names) {}

    /** What is seen of a peer; peers of whom the same is seen have the same outcome. */
    private record Seen(List<PodSet> sets, boolean pod, BitSet blocks, List<NamedPort> ports) {}

    ProfileState(Key key, Iterable<PolicyUnit> units, PodIndex index, Outcomes outcomes, Tiers tiers) {
        this.key = key;
        this.index = index;
        this.outcomes = outcomes;
        this.tiers = tiers;
        name = name(key, units);
        profile = build();
    }

    /** Stays the same as long as the same policies are meant, and the names of ports stand for the same. */
    private static String name(Key key, Iterable<PolicyUnit> units) {
        List<byte[]> digests = new ArrayList<>();
        units.forEach(unit -> digests.add(unit.digest));
        digests.sort(Arrays::compareUnsigned);
        MessageDigest sha = Digest.sha256();
        digests.forEach(sha::update);
        TreeMap<String, PortSet> names = new TreeMap<>();
        key.names.forEach((named, ports) -> names.put(named.toString(), ports));
        sha.update(names.toString().getBytes(UTF_8));
        return (key.direction == Direction.INGRESS ? "in-" : "out-") + Digest.name(sha.digest());
    }

    Profile profile() {
        return profile;
    }

    boolean usesNodes() {
        return tiers.usesNodes();
    }

    /** Makes it anew from what the policies say now. */
    void rebuild(Tiers changed) {
        tiers = changed;
        profile = build();
    }

    private Profile build() {
        memo.clear();
        segments = Segments.of(tiers.groups());
        rest = outcomes.of(allowed(List.of(), false, Segments.NO_BLOCKS, List.of()));
        pods = tiers.usesPods() ? outcomes.of(allowed(List.of(), true, Segments.NO_BLOCKS, List.of())) : null;
        if (segments.isEmpty() && rest.equals(pods)) {
            pods = null;
        }
        ranges = ranges();
        Map<IpAddress, Outcome> entries = new HashMap<>();
        for (IpAddress address : candidates()) {
            Outcome outcome = entry(address);
            if (outcome != null) {
                entries.put(address, outcome);
            }
        }
        addresses = AddressMap.of(entries);
        memo.clear();
        return made();
    }

    private Profile made() {
        List<Block> blocks = new ArrayList<>();
        for (Block range : ranges) {
            if (!isSingle(range)) {
                blocks.add(range);
            }
        }
        return new Profile(name, key.direction, addresses, pods, blocks, rest);
    }

    private static boolean isSingle(Block range) {
        return range.first().equals(range.last());
    }

    /** What becomes of addresses that are no pods', where it is not what becomes of all others. */
    private List<Block> ranges() {
        List<Block> merged = new ArrayList<>();
        for (Segments.Segment piece : segments.pieces()) {
            Outcome outcome = outcomes.of(allowed(List.of(), false, piece.blocks(), List.of()));
            if (outcome.equals(rest)) {
                continue;
            }
            Block last = merged.isEmpty() ? null : merged.getLast();
            IpAddress first = piece.range().first();
            if (last != null
                    && last.outcome().equals(outcome)
                    && last.last().ipv6() == first.ipv6()
                    && last.last().next().equals(first)) {
                merged.removeLast();
                first = last.first();
            }
            merged.add(new Block(first, piece.range().last(), outcome));
        }
        return List.copyOf(merged);
    }

    /** All addresses that may have an outcome of their own. */
    private Set<IpAddress> candidates() {
        Set<IpAddress> candidates = new HashSet<>();
        for (Block range : ranges) {
            if (isSingle(range)) {
                candidates.add(range.first());
            }
        }
        if (tiers.usesNames() || (pods != null && !segments.isEmpty())) {
            candidates.addAll(index.addresses());
            return candidates;
        }
        Set<PodSet> sets = new HashSet<>();
        tiers.collectSets(sets);
        for (PodSet set : sets) {
            addAddresses(set, candidates);
        }
        return candidates;
    }

    static void addAddresses(PodSet set, Set<IpAddress> addresses) {
        for (PodClass podClass : set.classes) {
            for (Pod pod : podClass.pods) {
                addresses.addAll(pod.addresses);
            }
        }
    }

    /** The outcome of an address, null if it is what the other parts of the profile say. */
    private @Nullable Outcome entry(IpAddress address) {
        Block range = range(address);
        Outcome byRange = range == null ? rest : range.outcome();
        Outcome otherwise = range == null || isSingle(range) ? rest : byRange;
        List<Pod> here = index.at(address);
        if (here.isEmpty()) {
            return byRange.equals(otherwise) ? null : byRange;
        }
        // Of two pods that seem to have it, it is not known who is there: only what both may is allowed.
        PortSet allowed = PortSet.ALL;
        for (Pod pod : here) {
            PodClass podClass = pod.podClass;
            if (podClass != null) {
                allowed = allowed.and(allowed(podClass, segments.at(address)));
            }
        }
        Outcome own = outcomes.of(allowed);
        return own.equals(pods == null ? otherwise : pods) ? null : own;
    }

    private @Nullable Block range(IpAddress address) {
        int low = 0;
        int high = ranges.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Block range = ranges.get(middle);
            if (address.compareTo(range.first()) < 0) {
                high = middle - 1;
            } else if (address.compareTo(range.last()) > 0) {
                low = middle + 1;
            } else {
                return range;
            }
        }
        return null;
    }

    private PortSet allowed(PodClass podClass, BitSet blocks) {
        List<PodSet> sets = new ArrayList<>(podClass.sets.size());
        for (PodSet set : podClass.sets) {
            if (tiers.isAbout(set)) {
                sets.add(set);
            }
        }
        return allowed(sets, true, blocks, tiers.usesNames() ? podClass.ports() : List.of());
    }

    private PortSet allowed(List<PodSet> sets, boolean pod, BitSet blocks, List<NamedPort> ports) {
        return memo.computeIfAbsent(
                new Seen(sets, pod, blocks, ports),
                seen -> tiers.allowed(seen.sets, seen.pod, seen.blocks, seen.ports));
    }

    /** Puts sets right that NetworkPolicies say something else of now, and addresses whose pods changed. */
    void update(Set<PodSet> changedSets, Set<IpAddress> changedAddresses) {
        Set<IpAddress> concerned = changedAddresses;
        if (!changedSets.isEmpty()) {
            concerned = new HashSet<>(changedAddresses);
            for (PodSet set : changedSets) {
                tiers.renew(set, key.units);
                addAddresses(set, concerned);
            }
        }
        TreeMap<IpAddress, @Nullable Outcome> changes = new TreeMap<>();
        for (IpAddress address : concerned) {
            Outcome now = entry(address);
            Outcome was = addresses.get(address);
            if (now == null ? was != null : !now.equals(was)) {
                changes.put(address, now);
            }
        }
        memo.clear();
        if (!changes.isEmpty()) {
            addresses = addresses.with(changes);
            profile = made();
        }
    }
}
