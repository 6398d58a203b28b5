package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Takes back what this node says of itself in the API: other nodes' overlays leave it out from then on. */
public final class NodeWithdrawal {
    private static final JsonMapper MAPPER = new JsonMapper();

    /** What an agent writes; what an operator writes for it is not among them. */
    private static final List<String> ANNOTATIONS = List.of(
            AnnotationNames.MANAGED,
            AnnotationNames.BACKEND_TYPE,
            AnnotationNames.BACKEND_DATA,
            AnnotationNames.BACKEND_V6_DATA,
            AnnotationNames.PUBLIC_IP,
            AnnotationNames.PUBLIC_IPV6);

    private NodeWithdrawal() {}

    /** The annotations that are removed, by their whole names. */
    public static List<String> annotations(AnnotationNames names) {
        return ANNOTATIONS.stream().map(names::full).toList();
    }

    /** A strategic merge patch of {@code nodes/status}; what is not there is removed with success. */
    static String patch(AnnotationNames names, boolean withCondition) {
        ObjectNode patch = MAPPER.createObjectNode();
        ObjectNode annotations = patch.withObject("/metadata").withObject("/annotations");
        annotations(names).forEach(annotations::putNull);
        if (withCondition) {
            patch.withObject("/status")
                    .withArray("/conditions")
                    .addObject()
                    .put("type", NodePatch.CONDITION)
                    .put("$patch", "delete");
        }
        return patch.toString();
    }

    /**
     * Writes it.
     *
     * @throws IOException if the API is away or refuses
     */
    public static void write(ApiAccess access, String node, AnnotationNames names, boolean withCondition)
            throws IOException, InterruptedException {
        try (ApiClient client = new ApiClient(access)) {
            var _ = client.calls()
                    .patch("/api/v1/nodes/" + node + "/status", patch(names, withCondition), KubeNode.class)
                    .get();
        } catch (ExecutionException | RuntimeException e) {
            Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
            throw new IOException("node " + node + " cannot be written: " + Failures.line(cause), e);
        }
    }
}
