package io.towpath.agent.policy;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.policy.compile.Compiled;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.compile.Problem;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.nft.PolicyTable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gathers what happened to policies into their status, and tells the log what is news. */
final class PolicyStatus {
    private final Log log;
    private final Clock clock;
    private boolean isInForce;
    private @Nullable String problem;
    private @Nullable Instant held;
    private Facts facts = Facts.NONE;
    private int endpoints;
    private List<LocalEndpoint> waiting = List.of();
    private List<Problem> problems = List.of();
    private long repairs;
    private @Nullable Instant lastRepair;
    private AgentStatus.Rounds rounds = AgentStatus.Rounds.NONE;
    private PolicyTable.Dropped dropped = new PolicyTable.Dropped(0, 0, 0, 0);

    private PolicyTable.@Nullable Dropped tried;
    private AgentStatus.Denied denied = AgentStatus.Denied.NONE;
    private @Nullable Instant counted;

    PolicyStatus(Log log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    void failed(String message) {
        isInForce = false;
        problem = message;
    }

    void enforced(Facts of, Compiled compiled, ManagedTable.Outcome outcome, int endpointsInForce) {
        if (!isInForce) {
            log.info("policies in force", "endpoints", endpointsInForce);
        }
        isInForce = true;
        problem = null;
        facts = of;
        endpoints = endpointsInForce;
        waiting = compiled.waiting();
        if (outcome.isRepaired()) {
            repairs++;
            lastRepair = clock.instant();
            log.info("policies repaired", "table", PolicyTable.NAME);
        }
        tell(compiled.problems());
    }

    void counted(
            PolicyTable.Dropped droppedUntilNow,
            PolicyTable.@Nullable Dropped triedUntilNow,
            AgentStatus.Denied deniedUntilNow) {
        dropped = droppedUntilNow;
        tried = triedUntilNow;
        denied = deniedUntilNow;
        counted = clock.instant();
    }

    /** Tells each once, when it begins and when it ends. */
    private void tell(List<Problem> now) {
        if (now.equals(problems)) {
            return;
        }
        Set<Problem> ended = new LinkedHashSet<>(problems);
        for (Problem each : now) {
            if (!ended.remove(each)) {
                log.warn("policy problem", "policy", each.policy(), "problem", each.what());
            }
        }
        ended.forEach(each -> log.info("policy problem ended", "policy", each.policy(), "problem", each.what()));
        problems = now;
    }

    AgentStatus.Policy roundEnded(
            @Nullable PolicyFacts known,
            @Nullable String trouble,
            AgentStatus.@Nullable Unenforced unenforced,
            Duration duration) {
        rounds = rounds.ended(problem == null, duration);
        boolean isTold = known != null && known.held() == null;
        if (known != null && !isTold) {
            held = known.held();
        } else if (isTold && trouble == null) {
            held = clock.instant();
        }
        return new AgentStatus.Policy(
                isTold,
                isInForce,
                problem,
                trouble,
                held,
                facts.policies().size(),
                facts.clusterPolicies().size(),
                endpoints,
                waiting.stream()
                        .map(each -> PolicyFacts.key(each.podNamespace(), each.podName()))
                        .toList(),
                problems.stream().map(Problem::toString).toList(),
                repairs,
                lastRepair,
                rounds,
                dropped,
                tried,
                denied,
                counted,
                unenforced);
    }
}
