package io.towpath.agent.attachments;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.ipam.IpamConfig;
import io.towpath.linux.Linux;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The configuration that the runtime calls the CNI executable with, as far as IPAM goes by it.
 *
 * @param network the network's name
 * @param tree the executable's part of the list, with the list's name and version in it, as the executable gets it
 */
public record CniConf(String network, JsonNode tree) {
    private static final int MAX_BYTES = 1 << 20;
    private static final String POLICY = "policy";
    private static final String TYPE = "towpath";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** The folder with the leases of its network; those of others are beside it. */
    public Path leases() {
        String folder = tree.propertyStream()
                .filter(each -> each.getKey().equalsIgnoreCase("ipam"))
                .flatMap(each -> each.getValue().propertyStream())
                .filter(each -> each.getKey().equalsIgnoreCase("dataDir"))
                .map(each -> each.getValue().asText())
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse(IpamConfig.DEFAULT_DATA_DIR);
        return Path.of(folder, network);
    }

    /** Whether pods wait for an agent that enforces policies. */
    public boolean waitsForPolicies() {
        return tree.propertyStream().anyMatch(each -> each.getKey().equalsIgnoreCase(POLICY));
    }

    /**
     * Reads a conflist.
     *
     * @return null if there is no such file
     * @throws IOException if it cannot be read, or has no plugin of type {@code towpath}
     */
    public static @Nullable CniConf read(String path) throws IOException {
        byte[] content = Linux.readFile(path, MAX_BYTES);
        if (content == null) {
            return null;
        }
        JsonNode list = tree(path, content);
        for (JsonNode plugin : list.path("plugins")) {
            if (plugin instanceof ObjectNode own && plugin.path("type").asText().equals(TYPE)) {
                ObjectNode tree = own.deepCopy();
                tree.set("name", list.path("name"));
                tree.set("cniVersion", list.path("cniVersion"));
                return new CniConf(list.path("name").asText(), tree);
            }
        }
        throw new IOException(path + " has no plugin of type \"" + TYPE + "\"");
    }

    private static JsonNode tree(String path, byte[] content) throws IOException {
        try {
            return MAPPER.readTree(content);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    path + " is no JSON, at line " + e.getLocation().getLineNr(), e);
        }
    }
}
