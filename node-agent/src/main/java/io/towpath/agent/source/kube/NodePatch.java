package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.OwnNode;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What this node has to write of itself into the API: flannel's annotations, and whether its network is there. */
final class NodePatch {
    private static final JsonMapper MAPPER = new JsonMapper();
    static final String CONDITION = "NetworkUnavailable";

    // flanneld's to the character: tools and alerts look for them.
    private static final String REASON = "FlannelIsUp";

    private static final String MESSAGE = "Flannel is running on this node";

    private static final String NOT_CONFIGURED = "NetworkNotConfigured";

    /** How many spaces an annotation may begin with. */
    private static final int MOST_SPACES = 7;

    private NodePatch() {}

    /**
     * The annotations that other nodes must find, flanneld's to the character.
     *
     * @return by their whole names
     */
    static Map<String, String> annotations(OwnNode own, AnnotationNames names) {
        Map<String, String> annotations = new LinkedHashMap<>();
        annotations.put(names.full(AnnotationNames.MANAGED), "true");
        annotations.put(names.full(AnnotationNames.BACKEND_TYPE), "vxlan");
        for (IpAddress address : own.addresses()) {
            boolean ipv6 = address.ipv6();
            MacAddress mac = ipv6 ? own.macV6() : own.mac();
            if (mac != null) {
                annotations.put(
                        names.full(ipv6 ? AnnotationNames.BACKEND_V6_DATA : AnnotationNames.BACKEND_DATA),
                        "{\"VNI\":" + own.vni() + ",\"VtepMAC\":\"" + mac + "\"}");
                annotations.put(
                        names.full(ipv6 ? AnnotationNames.PUBLIC_IPV6 : AnnotationNames.PUBLIC_IP), address.toString());
            }
        }
        return annotations;
    }

    /**
     * The difference between what should be and what is.
     *
     * @return a strategic merge patch of {@code nodes/status}, null if there is nothing to write
     */
    static @Nullable String of(OwnNode own, KubeNode node, KubeSettings settings, Instant now) {
        ObjectNode patch = MAPPER.createObjectNode();
        Map<String, String> annotations = node.getMetadata().getAnnotations();
        Map<String, String> present = annotations == null ? Map.of() : annotations;
        Map<String, String> written = written(annotations(own, settings.names()), present, settings.names());
        if (!written.isEmpty()) {
            ObjectNode object = patch.withObject("/metadata").withObject("/annotations");
            written.forEach(object::put);
        }
        if (settings.setNetworkUnavailable() && !networkIsUp(node)) {
            condition(patch, "False", REASON, MESSAGE, now);
        }
        return patch.isEmpty() ? null : patch.toString();
    }

    /** Of the white space that JSON may begin with, only what is written here: the rest is somebody's, and written anew. */
    private static String withoutSpaces(String text) {
        int begin = 0;
        while (begin < text.length() && text.charAt(begin) == ' ') {
            begin++;
        }
        return text.substring(begin);
    }

    /**
     * What differs. With both families flanneld takes note of a node only if something of each is written otherwise than before, to the
     * letter: where one alone is new, the data of the other begin with another number of spaces, which mean nothing.
     */
    private static Map<String, String> written(
            Map<String, String> wanted, Map<String, String> present, AnnotationNames names) {
        String data = names.full(AnnotationNames.BACKEND_DATA);
        String dataV6 = names.full(AnnotationNames.BACKEND_V6_DATA);
        Map<String, String> written = new LinkedHashMap<>(wanted);
        written.entrySet().removeIf(each -> {
            String there = present.get(each.getKey());
            boolean mayBeSpaced = each.getKey().equals(data) || each.getKey().equals(dataV6);
            return there != null && each.getValue().equals(mayBeSpaced ? withoutSpaces(there) : there);
        });
        boolean ipv4 = written.containsKey(data) || written.containsKey(names.full(AnnotationNames.PUBLIC_IP));
        boolean ipv6 = written.containsKey(dataV6) || written.containsKey(names.full(AnnotationNames.PUBLIC_IPV6));
        String other = ipv4 ? dataV6 : data;
        String there = present.get(other);
        if (ipv4 != ipv6 && there != null) {
            String text = withoutSpaces(there);
            int spaces = there.length() - text.length();
            written.put(other, " ".repeat(spaces < MOST_SPACES ? spaces + 1 : 0) + text);
        }
        return written;
    }

    /**
     * That this node has no network.
     *
     * @param why one line
     * @return as {@link #of}
     */
    static @Nullable String unavailable(String why, KubeNode node, KubeSettings settings, Instant now) {
        boolean known = conditions(node)
                .anyMatch(each ->
                        CONDITION.equals(each.type()) && "True".equals(each.status()) && why.equals(each.message()));
        if (known || !settings.setNetworkUnavailable()) {
            return null;
        }
        ObjectNode patch = MAPPER.createObjectNode();
        condition(patch, "True", NOT_CONFIGURED, why, now);
        return patch.toString();
    }

    private static void condition(ObjectNode patch, String status, String reason, String message, Instant now) {
        String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
        patch.withObject("/status")
                .withArray("/conditions")
                .addObject()
                .put("type", CONDITION)
                .put("status", status)
                .put("reason", reason)
                .put("message", message)
                .put("lastHeartbeatTime", time)
                .put("lastTransitionTime", time);
    }

    /** Whoever said so: beside Towpath, a cloud's controller may. */
    private static boolean networkIsUp(KubeNode node) {
        return conditions(node).anyMatch(each -> CONDITION.equals(each.type()) && "False".equals(each.status()));
    }

    private static Stream<KubeNode.Condition> conditions(KubeNode node) {
        KubeNode.Status status = node.getStatus();
        List<KubeNode.Condition> conditions = status == null ? null : status.conditions();
        return conditions == null ? Stream.empty() : conditions.stream();
    }
}
