package io.towpath.agent.policy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.cni.protocol.PolicyConf;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pod's interface that the CNI executable has made, and that must not be the pod's before its policies are in force.
 *
 * @param uid the pod's UID, by which it is told from an earlier one of the same name; null if the runtime did not say
 * @param link the node's end of the interface
 * @param addresses the pod's
 * @param waitMilliseconds how long the executable waits, at most {@value #LONGEST_WAIT_MS}
 */
public record Handover(
        String podNamespace,
        String podName,
        @Nullable String uid,
        String link,
        List<IpAddress> addresses,
        int waitMilliseconds) {
    /** The longest wait in milliseconds: what a conflist can ask for. */
    public static final int LONGEST_WAIT_MS = 1000 * PolicyConf.LONGEST_WAIT_SECONDS;

    private static final JsonMapper MAPPER = new JsonMapper();

    public Handover {
        addresses = List.copyOf(addresses);
    }

    /**
     * Reads it from JSON.
     *
     * @throws IllegalArgumentException saying in one line what is wrong
     */
    public static Handover read(String json) {
        JsonNode tree;
        try {
            tree = MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
        }
        List<IpAddress> addresses = new ArrayList<>();
        for (JsonNode each : tree.path("addresses")) {
            IpAddress address = IpAddress.tryParse(each.asText());
            require(address != null, "addresses", each);
            addresses.add(address);
        }
        require(!addresses.isEmpty(), "addresses", tree.path("addresses"));
        String link = text(tree, "link");
        require(EndpointName.isHostName(link), "link", tree.path("link"));
        JsonNode wait = tree.path("waitMilliseconds");
        require(
                wait.canConvertToInt() && wait.asInt() > 0 && wait.asInt() <= LONGEST_WAIT_MS,
                "waitMilliseconds",
                wait);
        String uid = tree.path("uid").asText("");
        return new Handover(
                text(tree, "namespace"), text(tree, "name"), uid.isEmpty() ? null : uid, link, addresses, wait.asInt());
    }

    private static String text(JsonNode tree, String field) {
        JsonNode value = tree.path(field);
        require(value.isTextual() && !value.asText().isEmpty(), field, value);
        return value.asText();
    }

    private static void require(boolean holds, String field, JsonNode value) {
        if (!holds) {
            throw new IllegalArgumentException(
                    value.isMissingNode() ? field + " is missing" : field + " is wrong: " + value);
        }
    }
}
