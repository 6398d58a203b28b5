package io.towpath.policy.nft;

import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program of a direction.
 *
 * @param name of its chain and its map
 */
record ProgramUse(Direction direction, Program program, String name) {
    ProgramUse(Direction direction, Program program) {
        this(direction, program, Verdicts.chain(direction, program));
    }

    /** The programs of a profile. */
    static List<ProgramUse> of(Profile profile) {
        Map<Program, ProgramUse> uses = new LinkedHashMap<>();
        profile.addresses().values().forEach(outcome -> add(profile, outcome, uses));
        add(profile, profile.pods(), uses);
        for (Block block : profile.blocks()) {
            add(profile, block.outcome(), uses);
        }
        add(profile, profile.rest(), uses);
        return List.copyOf(uses.values());
    }

    private static void add(Profile profile, @Nullable Outcome outcome, Map<Program, ProgramUse> uses) {
        if (outcome instanceof Outcome.Ports(Program program)) {
            uses.computeIfAbsent(program, each -> new ProgramUse(profile.direction(), each));
        }
    }
}
