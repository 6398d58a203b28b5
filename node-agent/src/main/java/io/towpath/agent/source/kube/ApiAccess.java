package io.towpath.agent.source.kube;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the API is and who asks it.
 *
 * @param url its address; null for the kubeconfig's
 * @param kubeconfig the file that says everything; null for none
 * @param token the file with the bearer token, read again as it is rotated; null for none
 * @param authority the file with the certificates of the authorities that the API's is signed by; null for the system's
 */
public record ApiAccess(
        @Nullable String url,
        @Nullable Path kubeconfig,
        @Nullable Path token,
        @Nullable Path authority) {
    private static final Path ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

    /** Whether it is that of a pod, mostly by the address of a Service. */
    boolean isOfAPod() {
        return token != null;
    }

    /**
     * As flanneld's {@code --kube-api-url} and {@code --kubeconfig-file} have it: without both, the service account of the pod
     * that the agent runs in.
     *
     * @param url empty for none
     * @param kubeconfig empty for none
     * @param environment the process's
     * @throws IllegalArgumentException if there is neither an option nor a service account; the message has the mend
     */
    public static ApiAccess of(String url, String kubeconfig, Map<String, String> environment) {
        if (!kubeconfig.isEmpty() || !url.isEmpty()) {
            return new ApiAccess(
                    url.isEmpty() ? null : url, kubeconfig.isEmpty() ? null : Path.of(kubeconfig), null, null);
        }
        String host = environment.get("KUBERNETES_SERVICE_HOST");
        String port = environment.get("KUBERNETES_SERVICE_PORT");
        if (host == null || port == null) {
            throw new IllegalArgumentException("this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set):"
                    + " name a kubeconfig with --kubeconfig-file");
        }
        String bracketed = host.contains(":") ? "[" + host + "]" : host;
        return new ApiAccess(
                "https://" + bracketed + ":" + port, null, ACCOUNT.resolve("token"), ACCOUNT.resolve("ca.crt"));
    }
}
