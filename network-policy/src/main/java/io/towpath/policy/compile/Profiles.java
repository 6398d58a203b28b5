package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.PortMatch.Named;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Profile;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The profiles in use: one for all pods that the same policies are about. */
final class Profiles {
    private final Policies policies;
    private final PodIndex index;
    private final NodeIndex nodes;
    private final Outcomes outcomes = new Outcomes();
    private Map<ProfileState.Key, ProfileState> states = new HashMap<>();

    Profiles(Policies policies, PodIndex index, NodeIndex nodes) {
        this.policies = policies;
        this.index = index;
        this.nodes = nodes;
    }

    /** One compilation: the profiles that are asked for are brought up to date, the others are forgotten at its end. */
    final class Round {
        private final Map<ProfileState.Key, ProfileState> used = new HashMap<>();
        private final List<PolicyUnit> reread;
        private final Set<IpAddress> addresses;
        private final boolean nodesChanged;

        /**
         * Begins it with what changed.
         *
         * @param reread policies
         * @param addresses of which another pod, or none, is known now
         */
        Round(Iterable<PolicyUnit> reread, Set<IpAddress> addresses, boolean nodesChanged) {
            this.reread = new ArrayList<>();
            reread.forEach(this.reread::add);
            this.addresses = addresses;
            this.nodesChanged = nodesChanged;
        }

        /** What binds the pods of a class in a direction, null if no policy does. */
        @Nullable
        Profile profile(PodClass podClass, BitSet selected, Direction direction, boolean withDryRun, Readings texts) {
            BitSet units = policies.applying(selected, direction, withDryRun);
            if (units.isEmpty()) {
                return null;
            }
            Map<Named, PortSet> names =
                    direction == Direction.INGRESS ? texts.names(units, podClass, policies) : Map.of();
            ProfileState.Key key = new ProfileState.Key(direction, units, names);
            ProfileState state = used.get(key);
            if (state == null) {
                state = current(key, podClass);
                used.put(key, state);
            }
            return state.profile();
        }

        private ProfileState current(ProfileState.Key key, PodClass podClass) {
            ProfileState known = states.get(key);
            if (known == null) {
                return new ProfileState(key, policies.of(key.units()), index, outcomes, tiers(key, podClass));
            }
            Set<PodSet> sets = new HashSet<>();
            boolean anew = nodesChanged && known.usesNodes();
            for (PolicyUnit unit : reread) {
                if (key.units().get(unit.ordinal)) {
                    anew |= !differOnlyInSets(unit, key.direction(), sets);
                }
            }
            if (anew) {
                known.rebuild(tiers(key, podClass));
            } else if (!sets.isEmpty() || !addresses.isEmpty()) {
                known.update(sets, addresses);
            }
            return known;
        }

        private Tiers tiers(ProfileState.Key key, PodClass podClass) {
            return new Tiers(policies.of(key.units()), key.direction(), podClass.ports(), nodes);
        }

        /** Whether a NetworkPolicy says the same as before but for some sets, which are added. */
        private static boolean differOnlyInSets(PolicyUnit unit, Direction direction, Set<PodSet> sets) {
            PolicyUnit.Text before = unit.before;
            PolicyUnit.Text now = unit.text;
            if (before != null && now != null && before.side(direction).equals(now.side(direction))) {
                return true;
            }
            if (before == null
                    || now == null
                    || !(before.side(direction) instanceof Side.Allowed was)
                    || !(now.side(direction) instanceof Side.Allowed is)
                    || !was.isLike(is)
                    || !was.names().isEmpty()
                    || !is.names().isEmpty()) {
                return false;
            }
            was.bySet().forEach((set, ports) -> {
                if (!ports.equals(is.bySet().get(set))) {
                    sets.add(set);
                }
            });
            is.bySet().forEach((set, ports) -> {
                if (!ports.equals(was.bySet().get(set))) {
                    sets.add(set);
                }
            });
            return true;
        }

        void end() {
            states = used;
        }
    }
}
