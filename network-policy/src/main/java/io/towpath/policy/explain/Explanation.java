package io.towpath.policy.explain;

import io.towpath.policy.ruleset.Direction;
import java.util.List;

/**
 * Why a packet that begins a connection passes, or does not. Replies of a connection that was allowed always pass.
 *
 * @param from who sends: a pod as {@code namespace/name}, or a node, with its address, or an address
 * @param to who receives
 * @param port the port and protocol
 * @param notes what is to say of the addresses that packets have on their way, a line each
 * @param sides what holds for those of the two that are pods, the sender first
 */
public record Explanation(String from, String to, String port, List<String> notes, List<Side> sides) {
    public Explanation {
        notes = List.copyOf(notes);
        sides = List.copyOf(sides);
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
     * @param policies those that decide, each its kind and name: of which a rule does, or that isolate the pod and none of whose rules allows it
     * @param why all that is to say of policies, a line each
     */
    public record Verdict(boolean allowed, List<String> policies, List<String> why) {
        public Verdict {
            policies = List.copyOf(policies);
            why = List.copyOf(why);
        }
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
