package io.towpath.ipam;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * What this node has of the cluster's network.
 *
 * @param slices the node's slices, without host bits
 * @param mtu of a pod's interface, bytes; 0 if it was not said
 */
public record NodeState(List<IpPrefix> slices, int mtu) {
    private static final int MAX_BYTES = 1 << 20;
    private static final JsonFactory JSON = new JsonFactory();

    /**
     * Reads the node state file that the overlay writes or, where there is none, the file that flanneld writes.
     *
     * @param stateFile path of {@code node.json}
     * @param subnetEnv path of {@code subnet.env}
     * @return null if there is neither
     * @throws IpamException code 7 if the file that is there cannot be understood
     */
    public static @Nullable NodeState read(String stateFile, String subnetEnv) throws IpamException, LinuxException {
        byte[] state = Linux.readFile(stateFile, MAX_BYTES);
        if (state != null) {
            return parseState(stateFile, state);
        }
        byte[] environment = Linux.readFile(subnetEnv, MAX_BYTES);
        return environment == null ? null : parseEnvironment(subnetEnv, environment);
    }

    private static NodeState parseState(String path, byte[] content) throws IpamException {
        List<IpPrefix> slices = new ArrayList<>();
        int mtu = 0;
        try (JsonParser parser = JSON.createParser(content)) {
            parser.nextToken();
            for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
                JsonToken value = parser.nextToken();
                if (key.equals("slices") && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() == JsonToken.VALUE_STRING) {
                        slices.add(slice(path, parser.getText()));
                    }
                } else if (key.equals("mtu") && value == JsonToken.VALUE_NUMBER_INT) {
                    mtu = parser.getIntValue();
                } else {
                    parser.skipChildren();
                }
            }
        } catch (IOException e) {
            throw invalid(path, "it is not JSON");
        }
        return of(path, slices, mtu);
    }

    private static NodeState parseEnvironment(String path, byte[] content) throws IpamException {
        List<IpPrefix> slices = new ArrayList<>();
        int mtu = 0;
        StringTokenizer lines = new StringTokenizer(new String(content, StandardCharsets.UTF_8), "\r\n");
        while (lines.hasMoreTokens()) {
            String line = lines.nextToken();
            String value = line.substring(line.indexOf('=') + 1).strip();
            boolean slice = line.startsWith("FLANNEL_SUBNET=") || line.startsWith("FLANNEL_IPV6_SUBNET=");
            if (slice && !value.isEmpty()) {
                slices.add(slice(path, value));
            } else if (line.startsWith("FLANNEL_MTU=")) {
                mtu = number(path, value);
            }
        }
        return of(path, slices, mtu);
    }

    private static NodeState of(String path, List<IpPrefix> slices, int mtu) throws IpamException {
        if (slices.isEmpty()) {
            throw invalid(path, "it names no slice of this node");
        }
        return new NodeState(List.copyOf(slices), mtu);
    }

    private static IpPrefix slice(String path, String text) throws IpamException {
        IpPrefix prefix = IpPrefix.tryParse(text);
        if (prefix == null) {
            throw invalid(path, "\"" + text + "\" is no slice");
        }
        return prefix.network();
    }

    private static int number(String path, String text) throws IpamException {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw invalid(path, "\"" + text + "\" is no MTU");
        }
    }

    private static IpamException invalid(String path, String reason) {
        return new IpamException(
                IpamException.INVALID_CONFIG,
                path + " cannot be used: " + reason + "; remove the file, so that it is written anew");
    }
}
