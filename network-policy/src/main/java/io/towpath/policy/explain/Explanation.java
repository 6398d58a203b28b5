package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.ruleset.Direction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a packet that begins a connection passes, or does not. Replies of a connection that was allowed always pass.
 *
 * @param from who sends
 * @param to who receives
 * @param port where to, by its number
 * @param notes what is to say of the addresses that packets have on their way, a line each
 * @param sides what holds for those of the two that are pods, the sender first
 */
public record Explanation(End from, End to, PortQuestion port, List<String> notes, List<Side> sides) {
    public Explanation {
        notes = List.copyOf(notes);
        sides = List.copyOf(sides);
    }

    /**
     * Who sends or receives.
     *
     * @param pod {@code namespace/name}, null if it is none that policies can be about
     * @param node the one that it is, or that the pod is on; null if none that is known
     * @param address by which it is explained
     * @param text all of that, for a person
     */
    public record End(@Nullable String pod, @Nullable String node, IpAddress address, String text) {
        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * A policy.
     *
     * @param kind {@code NetworkPolicy} or {@code ClusterNetworkPolicy}
     * @param namespace null for one of the cluster
     * @param isDryRun whether it is evaluated only
     */
    public record Policy(String kind, @Nullable String namespace, String name, boolean isDryRun) {
        static Policy of(PolicyFact fact) {
            return new Policy("NetworkPolicy", fact.namespace(), fact.name(), fact.dryRun());
        }

        static Policy of(ClusterPolicyFact fact) {
            return new Policy("ClusterNetworkPolicy", null, fact.name(), fact.dryRun());
        }

        /** Its kind and name. */
        @Override
        public String toString() {
            return kind + " " + (namespace == null ? "" : namespace + "/") + name;
        }
    }

    /**
     * What holds for a pod.
     *
     * @param direction seen from it
     * @param pod {@code namespace/name}
     * @param enforced what becomes of it
     * @param tried what would if policies of a dry run were enforced, too
     */
    public record Side(Direction direction, String pod, Verdict enforced, Verdict tried) {}

    /**
     * What a pod may do.
     *
     * @param allowed whether it is allowed to send or receive this
     * @param policies those that decide: of which a rule does, or that isolate the pod and none of whose rules allows it
     * @param why all that is to say of policies, a line each
     */
    public record Verdict(boolean allowed, List<Policy> policies, List<String> why) {
        public Verdict {
            policies = List.copyOf(policies);
            why = List.copyOf(why);
        }
    }

    /** The same, and one more thing to say. */
    public Explanation with(String note) {
        List<String> all = new ArrayList<>(notes);
        all.add(note);
        return new Explanation(from, to, port, all, sides);
    }

    /** Whether it passes. */
    public boolean allowed() {
        return sides.stream().allMatch(side -> side.enforced.allowed);
    }

    /** Some lines for an operator. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(word(allowed())).append(": ").append(from).append(" to ").append(to);
        text.append(", ").append(port).append('\n');
        notes.forEach(line -> text.append("  ").append(line).append('\n'));
        if (sides.isEmpty()) {
            text.append("  neither is a pod that policies are about\n");
        }
        for (Side side : sides) {
            text.append("  ").append(side.direction.word()).append(" of ");
            text.append(side.pod)
                    .append(": ")
                    .append(word(side.enforced.allowed))
                    .append('\n');
            side.enforced.why.forEach(line -> text.append("    ").append(line).append('\n'));
            if (!side.tried.why.equals(side.enforced.why)) {
                text.append("    with the dry runs: ")
                        .append(word(side.tried.allowed))
                        .append('\n');
                side.tried.why.forEach(
                        line -> text.append("      ").append(line).append('\n'));
            }
        }
        return text.toString();
    }

    static String word(boolean allowed) {
        return allowed ? "allowed" : "denied";
    }
}
