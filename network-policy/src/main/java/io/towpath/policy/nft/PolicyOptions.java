package io.towpath.policy.nft;

import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;

/**
 * What an operator may choose of the table.
 *
 * @param enforces whether what is denied is dropped; else it is counted and logged only, and passes: a trial, whose table comes after the
 *     other, so that it counts what that one let pass
 * @param logGroup the group of nfnetlink_log that is told of denied packets, 0 to 65,535; {@link #NO_LOG} for none
 * @param logPerSecond how many packets of each pod and direction it is told of in a second
 * @param logBurst and how many at once
 */
public record PolicyOptions(boolean enforces, int logGroup, int logPerSecond, int logBurst) {
    /** No packets are logged. */
    public static final int NO_LOG = Expression.NONE;

    private static final int GROUPS = 0x10000;

    /** @throws IllegalArgumentException if one of them is out of its range */
    public PolicyOptions {
        if (logGroup < NO_LOG || logGroup >= GROUPS || logPerSecond <= 0 || logBurst <= 0) {
            throw new IllegalArgumentException(
                    "log group " + logGroup + ", " + logPerSecond + " per second, " + logBurst + " at once");
        }
    }

    /** Counts what is denied, and logs nothing. */
    public static PolicyOptions silent() {
        return new PolicyOptions(true, NO_LOG, 1, 1);
    }

    /** The same for a trial. */
    public PolicyOptions onTrial() {
        return new PolicyOptions(false, logGroup, logPerSecond, logBurst);
    }

    boolean logs() {
        return logGroup != NO_LOG;
    }

    /** What becomes of packets that are not allowed. */
    Rule end(RuleBuilder rule) {
        return enforces ? rule.drop() : rule.accept();
    }
}
