package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.HashMap;
import java.util.Map;

/** What an object's metadata says to policies. */
final class Labels {
    /** Of a policy that is not enforced, but counted. */
    private static final String DRY_RUN = "towpath.io/dry-run";

    private Labels() {}

    static Map<String, String> of(ObjectMeta metadata) {
        Map<String, String> labels = metadata.getLabels();
        if (labels == null) {
            return Map.of();
        }
        if (labels.containsValue(null)) {
            labels = new HashMap<>(labels);
            labels.replaceAll((_, value) -> value == null ? "" : value); // as the API's own reader
        }
        return Map.copyOf(labels);
    }

    static boolean isDryRun(ObjectMeta metadata) {
        Map<String, String> annotations = metadata.getAnnotations();
        return annotations != null && "true".equals(annotations.get(DRY_RUN));
    }
}
