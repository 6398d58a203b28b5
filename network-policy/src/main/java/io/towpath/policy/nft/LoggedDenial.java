package io.towpath.policy.nft;

import io.towpath.policy.ruleset.Direction;
import org.jspecify.annotations.Nullable;

/**
 * What the log's prefix of a denied packet says.
 *
 * @param direction seen from the pod that is denied it
 * @param enforced false if it passed, as only policies of a dry run deny it
 */
public record LoggedDenial(Direction direction, boolean enforced) {
    private static final String TRIAL = "dry-run-";

    String prefix() {
        return (enforced ? "" : TRIAL) + Verdicts.denied(direction).chain();
    }

    /** Of a prefix; null if that is none of ours. */
    public static @Nullable LoggedDenial of(String prefix) {
        for (Direction direction : Direction.values()) {
            for (boolean enforced : new boolean[] {true, false}) {
                LoggedDenial denial = new LoggedDenial(direction, enforced);
                if (denial.prefix().equals(prefix)) {
                    return denial;
                }
            }
        }
        return null;
    }
}
