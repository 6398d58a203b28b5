package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The days on which etcd is restored from an older state, its revisions as they were then: a policy that was deleted since is there again, and one that was made since is not. */
final class RestoredEtcd {
    private static final int LATER = 300;

    private final ApiDays days;
    private final KubeCluster cluster;
    private final ControlPlane controlPlane;

    RestoredEtcd(ApiDays days, KubeCluster cluster) {
        this.days = days;
        this.cluster = cluster;
        controlPlane = cluster.controlPlane();
    }

    /** Agents come back while the API is behind what they knew. */
    String behind() {
        policiesChangeAfterASnapshot();
        restore();
        return backInForce("the API has gone back");
    }

    /** Agents come back when as much has happened since as had before: a watch from what they knew would stand, and tell nothing. */
    String overtaken() {
        policiesChangeAfterASnapshot();
        long known = controlPlane.etcd().revision();
        controlPlane.cutNodesOff(true);
        restore();
        long restored = controlPlane.etcd().revision();
        if (restored >= known) {
            throw new AssertionError("at " + restored + " the API begins with what the agents knew, " + known);
        }
        for (int i = 0; controlPlane.etcd().revision() <= known; i++) {
            muchHappens("overtaking-" + i);
        }
        controlPlane.cutNodesOff(false);
        return backInForce("the API does not tell again what it has told");
    }

    private void policiesChangeAfterASnapshot() {
        cluster.apply(ApiDays.CLOSED.formatted("a3"));
        Await.until("a3 is closed", () -> days.isClosed("web-a3"));
        controlPlane.stopApi();
        controlPlane.etcd().stop();
        controlPlane.etcd().save();
        controlPlane.etcd().start();
        controlPlane.startApi();
        // As much as happens in an hour: an API that starts writes, too, and is to be behind all the same.
        muchHappens("later");
        cluster.delete(ApiDays.CLOSED.formatted("a3"));
        cluster.apply(ApiDays.CLOSED.formatted("b3"));
        days.await(
                "b3 is closed, and a3 is not", ApiDays.WELL, () -> days.isClosed("web-b3") && !days.isClosed("web-a3"));
    }

    private void muchHappens(String name) {
        cluster.apply(IntStream.range(0, LATER)
                .mapToObj(number -> """
                        apiVersion: v1
                        kind: ConfigMap
                        metadata: {name: %s-%d}
                        """.formatted(name, number))
                .collect(Collectors.joining("---\n")));
    }

    private void restore() {
        controlPlane.stopApi();
        controlPlane.etcd().stop();
        controlPlane.etcd().restore();
        controlPlane.etcd().start();
        controlPlane.startApi();
    }

    /** What else watches the API is started anew, as the operator of a restored etcd is told to; the agents are not. */
    private String backInForce(String said) {
        long start = System.nanoTime();
        days.await(
                "what was so before is in force again",
                ApiDays.WELL,
                () -> days.isClosed("web-a3") && !days.isClosed("web-b3"));
        double seconds = ApiDays.secondsSince(start);
        days.awaitLogged(said);
        controlPlane.restartControllers();
        cluster.nodes().forEach(KubeNode::restartKubelet);
        cluster.delete(ApiDays.CLOSED.formatted("a3"));
        return String.format(Locale.ROOT, "the older policies were in force %.1f s after it; ", seconds) + days.well();
    }
}
