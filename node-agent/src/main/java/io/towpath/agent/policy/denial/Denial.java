package io.towpath.agent.policy.denial;

import io.towpath.policy.ruleset.Direction;
import java.time.Instant;
import java.util.List;

/**
 * A packet that was denied, and logged.
 *
 * @param id from 1 on, in the order in which they came
 * @param enforced false if it passed, as only policies of a dry run deny it
 * @param direction seen from the pod
 * @param pod the pod that it was denied to or by, as {@code namespace/name}
 * @param from who sent it: a pod or a node with its address, or an address
 * @param to who was to receive it
 * @param port the port and protocol, or what there is instead
 * @param policies the policies that deny it, each its kind and name; the first {@value #MOST_POLICIES} of them
 * @param policyCount how many there are
 * @param reason why, if no policy denies it
 */
public record Denial(
        long id,
        Instant time,
        boolean enforced,
        Direction direction,
        String pod,
        String from,
        String to,
        String port,
        List<String> policies,
        int policyCount,
        String reason) {
    /** How many policies are named at most. */
    public static final int MOST_POLICIES = 10;

    public Denial {
        policies = List.copyOf(policies);
    }
}
