package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.kube.ClusterPolicyVersions.Answer;
import io.towpath.policy.facts.ClusterPolicyFact;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The ClusterNetworkPolicies, a custom resource, in the best version that is served. They end with their kind alone: as long as it is not
 * certain that the cluster has no version of it, they stay. Of the connection's thread alone, but for what says otherwise.
 */
final class ClusterPolicyWatch {
    private static final String WHAT = "clusternetworkpolicies";

    private final ApiConnection connection;
    private final FactStore<KubeClusterPolicy, ClusterPolicyFact> store;
    private final Log log;
    private final Runnable known;
    private final ResourceWatch<KubeClusterPolicy, KubeClusterPolicy.Items> watch;

    private volatile boolean absent;

    private @Nullable ApiCalls calls;
    private Answer.@Nullable Served version;
    /** In which the agent has told that it reads them. */
    private @Nullable String told;

    private @Nullable String trouble;
    private int absences;
    private int failures;
    /** Tells the last question from those before it. */
    private int round;

    /** @param known called when it is known what policies there are */
    ClusterPolicyWatch(
            ApiConnection connection, FactStore<KubeClusterPolicy, ClusterPolicyFact> store, Log log, Runnable known) {
        this.connection = connection;
        this.store = store;
        this.log = log;
        this.known = known;
        watch = new ResourceWatch<>(
                WHAT,
                new Belief("ClusterNetworkPolicy", false),
                "",
                KubeClusterPolicy.class,
                KubeClusterPolicy.Items.class,
                store,
                connection,
                log,
                new Presence());
    }

    /** As {@link ResourceWatch#follow}. */
    void follow(ApiCalls by) {
        stop();
        calls = by;
        ask();
    }

    /** As {@link ResourceWatch#stop}. */
    void stop() {
        round++;
        calls = null;
        version = null;
        failures = 0;
        watch.stop();
    }

    void look() {
        watch.look();
    }

    /** Whether all of them have been known once, or it is known that there are none. Any thread may ask. */
    boolean isKnown() {
        return absent || watch.isListed();
    }

    @Nullable
    String trouble() {
        return trouble != null ? trouble : watch.trouble();
    }

    private void ask() {
        ApiCalls by = calls;
        if (by == null) {
            return;
        }
        int asked = ++round;
        var _ = ClusterPolicyVersions.ask(by)
                .whenComplete((answer, failure) -> connection.run(() -> {
                    if (asked != round) {
                        return;
                    }
                    if (failure == null) {
                        answered(by, answer);
                    } else {
                        failed(failure);
                    }
                }));
    }

    private void askAfter(Duration wait) {
        int asked = ++round;
        connection.run(
                () -> {
                    if (asked == round) {
                        ask();
                    }
                },
                wait);
    }

    private void answered(ApiCalls by, Answer answer) {
        if (!(answer instanceof Answer.Absent)) {
            absences = 0;
        }
        switch (answer) {
            case Answer.Served served -> served(by, served);
            case Answer.Unknown unknown -> {
                watch.stop();
                version = null;
                failures++;
                trouble = watch.trouble(unknown.why());
                askAfter(connection.waits().refused(failures));
            }
            case Answer.Absent _ -> {
                watch.stop();
                version = null;
                failures = 0;
                absent();
                askAfter(connection.timing().absent());
            }
        }
    }

    private void served(ApiCalls by, Answer.Served served) {
        if (!served.equals(version)) {
            version = served;
            watch.follow(by, served.path());
        } else if (watch.isFollowed()) {
            failures = 0;
            trouble = null;
        } else {
            watch.follow(by);
        }
        if (!served.isBest()) {
            askAfter(connection.timing().anew());
        }
    }

    /**
     * The custom resource is removed with all that are told of, so those that are left may be there yet, and a second look is waited
     * for.
     */
    private void absent() {
        absences++;
        int left = store.facts().size();
        trouble = null;
        if (left > 0 && absences == 1) {
            trouble = "ClusterNetworkPolicies are gone from the cluster: " + left
                    + " policies hold until that is found a second time";
        } else if (left > 0) {
            log.warn(
                    "ClusterNetworkPolicies are gone from the cluster: their policies no longer hold",
                    "policies",
                    left);
            store.clear();
        }
        told = null;
        absent = true;
        known.run();
    }

    private void failed(Throwable failure) {
        if (watch.isWatching()) {
            askAfter(connection.timing().anew()); // whether there is a better version
            return;
        }
        failures++;
        trouble = watch.trouble("which versions are served cannot be asked: " + Failures.line(failure));
        int asked = round;
        connection.again(failure, failures, () -> {
            if (asked == round) {
                ask();
            }
        });
    }

    private final class Presence implements ResourceWatch.Listener {
        @Override
        public void listed() {
            failures = 0;
            trouble = null;
            absent = false;
            Answer.Served by = version;
            if (by != null && !Objects.equals(told, by.apiVersion())) {
                told = by.apiVersion();
                log.info("ClusterNetworkPolicies are read", "version", told);
            }
            known.run();
        }

        /** It is asked at once which version is served in its place; if it is the same, not at once again. */
        @Override
        public boolean absent(ApiRefusal refusal) {
            watch.stop();
            failures++;
            trouble = watch.trouble(Failures.line(refusal));
            askAfter(failures == 1 ? Duration.ZERO : connection.waits().after(refusal, failures));
            return true;
        }
    }
}
