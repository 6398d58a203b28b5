package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.PodFact;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A pod in the index. */
final class Pod {
    final PodFact fact;

    /** What policies see of it; null as long as its namespace is not known. */
    @Nullable
    PodClass podClass;

    List<IpAddress> addresses = List.of();

    Pod(PodFact fact) {
        this.fact = fact;
    }
}
