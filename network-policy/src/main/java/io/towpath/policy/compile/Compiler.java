package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the facts of a cluster what is to be enforced on a node. The result depends on its arguments alone; what it knows of the
 * last ones only makes it fast. Not for use by several threads at once.
 */
public final class Compiler {
    private State state = new State();

    /**
     * Compiles.
     *
     * @param facts what did not change since the last call is best the same object
     * @param endpoints the pods of this node
     */
    public Compiled compile(Facts facts, List<LocalEndpoint> endpoints) {
        State working = state;
        // Should it fail half way, the next call begins from nothing.
        state = new State();
        Compiled compiled = working.compile(facts, endpoints);
        state = working;
        return compiled;
    }

    /** All that is known of the last arguments. */
    private static final class State {
        private final PodIndex index = new PodIndex();
        private final NodeIndex nodes = new NodeIndex();
        private final Policies policies = new Policies();
        private final Selections selections = new Selections(policies);
        private final Readings readings = new Readings(index.sets);
        private final Profiles profiles = new Profiles(policies, index, nodes);
        private Facts last = Facts.NONE;
        private @Nullable Set<IpAddress> pods;

        Compiled compile(Facts facts, List<LocalEndpoint> endpoints) {
            index.update(last, facts, endpoints);
            policies.update(last, facts);
            boolean nodesChanged = nodes.update(facts.nodes());
            last = facts;

            Map<LocalEndpoint, PodClass> known = new LinkedHashMap<>();
            List<LocalEndpoint> waiting = new ArrayList<>();
            for (LocalEndpoint endpoint : endpoints) {
                PodClass podClass = index.podClass(endpoint.podNamespace(), endpoint.podName());
                if (podClass == null) {
                    waiting.add(endpoint);
                } else {
                    known.put(endpoint, podClass);
                }
            }
            Set<PodClass> local = Set.copyOf(known.values());
            readings.update(policies, selections.update(local));

            Set<IpAddress> changed = index.takeChanged();
            if (!changed.isEmpty()) {
                pods = null;
            }
            Profiles.Round round = profiles.new Round(readings.reread(), changed, nodesChanged);
            Ruleset ruleset = ruleset(known, round, false);
            boolean isTried = local.stream().anyMatch(each -> policies.hasDryRun(selections.of(each)));
            Ruleset trial = isTried ? ruleset(known, round, true) : null;
            List<Problem> problems = readings.problems(local, selections, index);

            round.end();
            readings.settle();
            policies.settle();
            return new Compiled(ruleset, trial, problems, waiting);
        }

        private Ruleset ruleset(Map<LocalEndpoint, PodClass> endpoints, Profiles.Round round, boolean withDryRun) {
            Map<PodClass, Bound> bounds = new HashMap<>();
            SortedMap<Endpoint, Bound> bound = new TreeMap<>();
            endpoints.forEach((endpoint, podClass) -> {
                Bound own = bounds.computeIfAbsent(podClass, each -> bound(each, round, withDryRun));
                endpoint.addresses().forEach(address -> bound.put(new Endpoint(endpoint.link(), address), own));
            });
            boolean usesPods = bounds.values().stream().anyMatch(State::usesPods);
            return new Ruleset(bound, usesPods ? allPods() : Set.of());
        }

        private Bound bound(PodClass podClass, Profiles.Round round, boolean withDryRun) {
            var selected = selections.of(podClass);
            return new Bound(
                    round.profile(podClass, selected, Direction.INGRESS, withDryRun, readings),
                    round.profile(podClass, selected, Direction.EGRESS, withDryRun, readings));
        }

        private static boolean usesPods(Bound bound) {
            return usesPods(bound.ingress()) || usesPods(bound.egress());
        }

        private static boolean usesPods(@Nullable Profile profile) {
            return profile != null && profile.pods() != null;
        }

        private Set<IpAddress> allPods() {
            Set<IpAddress> all = pods;
            if (all == null) {
                all = Set.copyOf(index.addresses());
                pods = all;
            }
            return all;
        }
    }
}
