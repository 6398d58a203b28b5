package io.towpath.policy.compile;

import io.towpath.policy.ruleset.Ruleset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the facts come to.
 *
 * @param ruleset what is to be enforced
 * @param trial the same if the policies of a dry run were enforced, too; null if there are none for pods of this node
 * @param problems of policies that are about pods of this node, or about nobody because of it; sorted, each once
 * @param waiting endpoints of pods that are not known, or their namespaces: they are not in the ruleset, so all is denied to them
 */
public record Compiled(Ruleset ruleset, @Nullable Ruleset trial, List<Problem> problems, List<LocalEndpoint> waiting) {
    public Compiled {
        problems = List.copyOf(problems);
        waiting = List.copyOf(waiting);
    }
}
