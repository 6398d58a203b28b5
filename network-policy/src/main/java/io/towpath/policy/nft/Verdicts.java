package io.towpath.policy.nft;

import io.towpath.netlink.nft.Verdict;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Program;

/** How outcomes read in the table. */
final class Verdicts {
    private Verdicts() {}

    static Verdict of(Direction direction, Outcome outcome) {
        return switch (outcome) {
            case Outcome.Allow _ -> Verdict.ACCEPT;
            case Outcome.Deny _ -> denied(direction);
            case Outcome.Ports ports -> Verdict.goTo(chain(direction, ports.program()));
        };
    }

    /** A word for an outcome. */
    static String name(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Allow _ -> "allowed";
            case Outcome.Deny _ -> "denied";
            case Outcome.Ports ports -> ports.program().name();
        };
    }

    static Verdict denied(Direction direction) {
        return Verdict.goTo("denied-" + suffix(direction));
    }

    /** The chain of a program; a program that serves both directions has one in each, as each has its own end for what is denied. */
    static String chain(Direction direction, Program program) {
        return "ports-" + suffix(direction) + "-" + program.name();
    }

    static String suffix(Direction direction) {
        return direction == Direction.INGRESS ? "in" : "out";
    }
}
