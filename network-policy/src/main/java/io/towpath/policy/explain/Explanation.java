package io.towpath.policy.explain;

import io.towpath.policy.ruleset.Direction;
import java.util.List;

/**
 * Why a packet that begins a connection passes, or does not. Replies of a connection that was allowed always pass.
 *
 * @param from who sends: a pod as {@code namespace/name} with its address, or an address
 * @param to who receives
 * @param port the port and protocol
 * @param sides what holds for those of the two that are pods, the sender first
 */
public record Explanation(String from, String to, String port, List<Side> sides) {
    public Explanation {
        sides = List.copyOf(sides);
    }

    /**
     * What holds for a pod.
     *
     * @param direction seen from it
     * @param pod {@code namespace/name}
     * @param allowed whether it is allowed to send or receive this
     * @param why the policies that say so, a line each
     * @param allowedOnTrial whether it were if policies of a dry run were enforced
     * @param whyOnTrial as {@code why}; empty if that would be the same
     */
    public record Side(
            Direction direction,
            String pod,
            boolean allowed,
            List<String> why,
            boolean allowedOnTrial,
            List<String> whyOnTrial) {
        public Side {
            why = List.copyOf(why);
            whyOnTrial = List.copyOf(whyOnTrial);
        }
    }

    /** Whether it passes. */
    public boolean allowed() {
        return sides.stream().allMatch(Side::allowed);
    }

    /** Some lines for an operator. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(word(allowed())).append(": ").append(from).append(" to ").append(to);
        text.append(", ").append(port).append('\n');
        if (sides.isEmpty()) {
            text.append("  neither is a pod that policies are about\n");
        }
        for (Side side : sides) {
            text.append("  ").append(side.direction == Direction.EGRESS ? "egress of " : "ingress of ");
            text.append(side.pod).append(": ").append(word(side.allowed)).append('\n');
            side.why.forEach(line -> text.append("    ").append(line).append('\n'));
            if (!side.whyOnTrial.isEmpty()) {
                text.append("    with the dry runs: ")
                        .append(word(side.allowedOnTrial))
                        .append('\n');
                side.whyOnTrial.forEach(
                        line -> text.append("      ").append(line).append('\n'));
            }
        }
        return text.toString();
    }

    private static String word(boolean allowed) {
        return allowed ? "allowed" : "denied";
    }
}
