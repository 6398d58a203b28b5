package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;

/** What an operator is told of a failure. */
final class Failures {
    private Failures() {}

    /** The answer of the API if it gave one, else what the innermost failure says; one line. */
    static String line(Throwable failure) {
        Throwable last = failure;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof KubernetesClientException answer && answer.getCode() > 0) {
                Status status = answer.getStatus();
                String message = status == null ? null : status.getMessage();
                return oneLine(answer.getCode() + " " + (message == null ? answer.getMessage() : message));
            }
            last = at;
        }
        String message = last.getMessage();
        return oneLine(message == null ? last.toString() : message);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*[\\r\\n]+\\s*", "; ");
    }
}
