package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What the kubelets have told of pods. */
final class Events {
    private Events() {}

    /** Fails if a pod's network could not be made, even if it could be at the next try; who asks next is told of later ones alone. */
    static void requireNoFailedSandbox(KubeCluster cluster) {
        List<String> failed = failedSandboxes(cluster);
        if (!failed.isEmpty()) {
            cluster.kubectl("delete", "events", "--all", "-n", "default");
            throw new AssertionError(failed.size() + " sandboxes failed: " + failed.getFirst());
        }
    }

    /** The messages of sandboxes that could not be made. */
    static List<String> failedSandboxes(KubeCluster cluster) {
        List<String> failed = new ArrayList<>();
        for (JsonNode event : cluster.get("events", "-A", "--field-selector", "reason=FailedCreatePodSandBox")
                .path("items")) {
            failed.add(event.at("/involvedObject/name").asText() + ": "
                    + event.path("message").asText());
        }
        return failed;
    }
}
