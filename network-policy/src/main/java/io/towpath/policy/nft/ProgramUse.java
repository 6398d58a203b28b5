package io.towpath.policy.nft;

import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A program of a direction. */
record ProgramUse(Direction direction, Program program) {
    /** The name of its chain and its map. */
    String name() {
        return Verdicts.chain(direction, program);
    }

    /** The programs of a profile. */
    static Set<ProgramUse> of(Profile profile) {
        IdentityHashMap<Program, ProgramUse> uses = new IdentityHashMap<>();
        profile.addresses().values().forEach(outcome -> add(profile, outcome, uses));
        add(profile, profile.pods(), uses);
        for (Block block : profile.blocks()) {
            add(profile, block.outcome(), uses);
        }
        add(profile, profile.rest(), uses);
        return new HashSet<>(uses.values());
    }

    private static void add(Profile profile, @Nullable Outcome outcome, IdentityHashMap<Program, ProgramUse> uses) {
        if (outcome instanceof Outcome.Ports(Program program)) {
            uses.computeIfAbsent(program, each -> new ProgramUse(profile.direction(), each));
        }
    }
}
