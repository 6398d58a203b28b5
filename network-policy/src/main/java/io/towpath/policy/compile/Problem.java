package io.towpath.policy.compile;

import java.util.Comparator;

/**
 * What of a policy cannot be done as it is written.
 *
 * @param policy its kind, and its name with the namespace
 * @param what where in it, and why
 */
public record Problem(String policy, String what) implements Comparable<Problem> {
    private static final Comparator<Problem> ORDER =
            Comparator.comparing(Problem::policy).thenComparing(Problem::what);

    @Override
    public int compareTo(Problem other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return policy + ": " + what;
    }
}
