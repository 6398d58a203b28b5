package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.source.kube.CalicoObjects.Listed;
import io.towpath.agent.status.AgentStatus.Unenforced;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks now and then which objects of Calico's own kinds the cluster has, as nobody enforces them here. What cannot be looked at is told,
 * and is nobody else's trouble: what was found before stays told. Of the connection's thread alone.
 */
final class CalicoLooks {
    /** So many failures in a row are made up for at once. */
    private static final int RETRIES = 3;

    private static final int IN_A_LINE = 5;

    private final ApiConnection connection;
    private final Log log;
    private final Consumer<Unenforced> listener;

    private final Map<CalicoKind, List<String>> known = new EnumMap<>(CalicoKind.class);
    private List<String> logged = List.of();
    private @Nullable Unenforced told;
    private @Nullable ApiCalls calls;
    private int failures;
    /** Tells the last look from those before it. */
    private int round;

    /** @param listener is told of each change, and of what the first look found */
    CalicoLooks(ApiConnection connection, Log log, Consumer<Unenforced> listener) {
        this.connection = connection;
        this.log = log;
        this.listener = listener;
    }

    /** As {@link ResourceWatch#follow}. */
    void follow(ApiCalls by) {
        stop();
        calls = by;
        look();
    }

    /** As {@link ResourceWatch#stop}. */
    void stop() {
        round++;
        calls = null;
        failures = 0;
    }

    private void look() {
        ApiCalls by = calls;
        if (by == null) {
            return;
        }
        int asked = ++round;
        var _ = new CalicoObjects(by, connection)
                .ask()
                .whenComplete((found, failure) -> connection.run(() -> {
                    if (asked != round) {
                        return;
                    }
                    if (failure == null) {
                        found(found);
                    } else {
                        failed(failure);
                    }
                }));
    }

    private void lookLater() {
        int asked = ++round;
        connection.run(
                () -> {
                    if (asked == round) {
                        look();
                    }
                },
                connection.timing().anew());
    }

    private void found(Map<CalicoKind, Listed> found) {
        for (Listed listed : found.values()) {
            if (listed.failure() != null && looksAgainAfter(listed.failure())) {
                return;
            }
        }
        failures = 0;
        known.keySet().retainAll(found.keySet());
        List<String> lacks = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        found.forEach((kind, listed) -> {
            Throwable failure = listed.failure();
            if (failure == null) {
                known.put(kind, List.copyOf(new TreeSet<>(listed.names())));
                return;
            }
            ApiRefusal refusal = Failures.refusal(failure);
            if (refusal != null && refusal.code() == HttpURLConnection.HTTP_FORBIDDEN) {
                lacks.add(listed.resource());
            } else {
                problems.add(listed.resource() + " cannot be listed: " + Failures.line(failure));
            }
        });
        if (!lacks.isEmpty()) {
            problems.addFirst("the agent may not look: its role lacks list of " + String.join(", ", lacks));
        }
        tell(problems.isEmpty() ? null : String.join("; ", problems));
        lookLater();
    }

    /** It is the watches' to tell of an API that is away; when it is back, and goes on to fail here, it is asked less often. */
    private void failed(Throwable failure) {
        Uncaught.endIfMust(failure);
        if (!looksAgainAfter(failure)) {
            tell("which of Calico's kinds the cluster has cannot be asked: " + Failures.line(failure));
            lookLater();
        }
    }

    /** Looks again soon after what is likely to pass, unless that has often failed in a row. */
    private boolean looksAgainAfter(Throwable failure) {
        ApiRefusal refusal = Failures.refusal(failure);
        if ((refusal != null && !Waits.isBusy(refusal)) || failures == RETRIES) {
            return false;
        }
        failures++;
        int asked = round;
        connection.again(failure, failures, () -> {
            if (asked == round) {
                look();
            }
        });
        return true;
    }

    private void tell(@Nullable String problem) {
        List<String> all = new ArrayList<>();
        known.forEach((kind, names) -> names.forEach(name -> all.add(kind.text + ' ' + name)));
        log.problem("objects of Calico", problem);
        if (!all.equals(logged)) {
            if (all.isEmpty()) {
                log.info("objects of Calico's own kinds are gone from the cluster");
            } else {
                String first = String.join(", ", all.subList(0, Math.min(IN_A_LINE, all.size())));
                log.warn(
                        "objects of Calico's own kinds are not enforced",
                        "count",
                        all.size(),
                        "objects",
                        all.size() <= IN_A_LINE ? first : first + ", ...");
            }
            logged = List.copyOf(all);
        }
        Unenforced now = Unenforced.of(all, problem);
        if (!now.equals(told)) {
            told = now;
            listener.accept(now);
        }
    }
}
