package io.towpath.policy.compile;

import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The outcome for what is allowed: one object for each set of ports. */
final class Outcomes {
    /** Those of long ago are dropped when there are so many. */
    private static final int MOST = 20_000;

    private final Map<PortSet, Outcome> known = new HashMap<>();

    Outcome of(PortSet allowed) {
        if (allowed.isAll()) {
            return Outcome.ALLOW;
        }
        if (allowed.isEmpty()) {
            return Outcome.DENY;
        }
        if (known.size() >= MOST) {
            known.clear();
        }
        return known.computeIfAbsent(allowed, set -> new Outcome.Ports(program(set)));
    }

    private static Program program(PortSet allowed) {
        boolean rest = allowed.hasOthers();
        List<Program.PortRange> ranges = new ArrayList<>();
        StringBuilder text = new StringBuilder(rest ? "allowed but" : "denied but");
        for (Protocol protocol : Protocol.values()) {
            int[] edges = allowed.edges(protocol, !rest);
            for (int i = 0; i < edges.length; i += 2) {
                ranges.add(new Program.PortRange(protocol, edges[i], edges[i + 1] - 1, !rest));
                text.append(' ').append(protocol).append(edges[i]).append('-').append(edges[i + 1]);
            }
        }
        return new Program(Digest.name(text.toString()), ranges, rest);
    }
}
