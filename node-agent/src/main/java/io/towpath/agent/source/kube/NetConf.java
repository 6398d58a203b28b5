package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.ServableNodes;
import io.towpath.overlay.UnderlayChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * flannel's {@code net-conf.json}, as its documentation of configuration and of backends has it. Keys and the type are taken whatever
 * their case, of a key that is there twice the last, and unknown ones are passed over ({@code MacPrefix} and {@code Name} are for Windows), as
 * flanneld does.
 *
 * @param networks the pods' network: one prefix for each family that is enabled
 * @param vni the VXLAN network identifier
 * @param port the UDP port tunnel packets go to
 * @param mtu the underlay's, in bytes; 0 for the interface's
 * @param learning whether the devices learn where MAC addresses are from the packets that come
 * @param gbp whether tunnel packets carry the group-based policy extension
 * @param directRouting whether pods of nodes in the same subnet are reached without a tunnel
 */
public record NetConf(
        List<IpPrefix> networks, int vni, int port, int mtu, boolean learning, boolean gbp, boolean directRouting) {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final int MAX_VNI = 0xff_ffff;

    /** Of a network without pods. */
    static final NetConf NONE =
            new NetConf(List.of(), Cluster.DEFAULT_VNI, Cluster.DEFAULT_PORT, 0, false, false, false);

    public NetConf {
        networks = List.copyOf(networks);
    }

    /**
     * Reads a file.
     *
     * @throws NetConfException if it cannot be read or is wrong
     */
    public static NetConf read(Path file) throws NetConfException {
        try {
            return parse(file.toString(), GivenFile.text(file));
        } catch (IOException e) {
            throw new NetConfException("net-conf.json cannot be read: " + e.getMessage());
        }
    }

    /**
     * Parses a file's content.
     *
     * @param name what the file is called in messages
     * @throws NetConfException if it is wrong
     */
    static NetConf parse(String name, String content) throws NetConfException {
        JsonNode root;
        try {
            root = MAPPER.readTree(content);
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            throw new NetConfException(name + " is no JSON"
                    + (at == null ? "" : ": see line " + at.getLineNr() + ", column " + at.getColumnNr()));
        }
        return new Reader(name).conf(root);
    }

    /** A cluster with these options. */
    Cluster cluster(String node, List<Cluster.Node> nodes) {
        return new Cluster(
                networks, node, UnderlayChoice.AUTOMATIC, vni, port, mtu, learning, gbp, directRouting, nodes);
    }

    /** Whether nodes of the API say the same by this one as by another; its families and VNI are what reading them depends on. */
    boolean readsNodesAs(NetConf other) {
        return vni == other.vni && has(false) == other.has(false) && has(true) == other.has(true);
    }

    /** Whether a prefix is a part of the pods' network. */
    boolean contains(IpPrefix slice) {
        return networks.stream().anyMatch(network -> network.contains(slice));
    }

    /** Whether a family is enabled. */
    boolean has(boolean ipv6) {
        return networks.stream().anyMatch(network -> network.address().ipv6() == ipv6);
    }

    private record Reader(String name) {
        NetConf conf(JsonNode root) throws NetConfException {
            if (!root.isObject()) {
                throw wrong("", "is no JSON object");
            }
            List<IpPrefix> networks = new ArrayList<>(2);
            if (flag(root, "EnableIPv4", true)) {
                networks.add(network(root, "Network", false));
            }
            if (flag(root, "EnableIPv6", false)) {
                networks.add(network(root, "IPv6Network", true));
            }
            if (networks.isEmpty()) {
                throw wrong("EnableIPv4", "and EnableIPv6 are both false; enable one");
            }
            JsonNode backend = field(root, "Backend");
            JsonNode type = backend == null ? null : field(backend, "Type");
            if (backend == null || type == null) {
                throw wrong("Backend.Type", "is missing, which flannel takes as \"udp\"; write \"vxlan\"");
            }
            if (!type.isTextual() || !type.textValue().equalsIgnoreCase("vxlan")) {
                throw wrong("Backend.Type", "is " + type + "; Towpath has \"vxlan\" alone");
            }
            int port = number(backend, "Port", 0, 65_535, 0);
            NetConf conf = new NetConf(
                    networks,
                    number(backend, "VNI", 0, MAX_VNI, Cluster.DEFAULT_VNI),
                    port == 0 ? Cluster.DEFAULT_PORT : port,
                    number(backend, "MTU", 0, 65_535, 0),
                    flag(backend, "Learning", false),
                    flag(backend, "GBP", false),
                    flag(backend, "DirectRouting", false));
            String problem = ServableNodes.problem(conf.cluster("", List.of()));
            if (problem != null) {
                throw new NetConfException(name + ": " + problem);
            }
            return conf;
        }

        private IpPrefix network(JsonNode root, String key, boolean ipv6) throws NetConfException {
            JsonNode value = field(root, key);
            if (value == null || !value.isTextual() || value.textValue().isEmpty()) {
                throw wrong(
                        key,
                        "is missing; write the pods' network, such as "
                                + (ipv6 ? "\"fd00:10:244::/56\"" : "\"10.244.0.0/16\""));
            }
            IpPrefix prefix = IpPrefix.tryParse(value.textValue());
            if (prefix == null || prefix.address().ipv6() != ipv6) {
                throw wrong(key, "is " + value + ", which is no " + (ipv6 ? "IPv6" : "IPv4") + " network");
            }
            return prefix.network();
        }

        private boolean flag(JsonNode object, String key, boolean otherwise) throws NetConfException {
            JsonNode value = field(object, key);
            if (value == null) {
                return otherwise;
            }
            if (!value.isBoolean()) {
                throw wrong(key, "is " + value + "; write true or false");
            }
            return value.booleanValue();
        }

        private int number(JsonNode object, String key, int least, int most, int otherwise) throws NetConfException {
            JsonNode value = field(object, key);
            if (value == null) {
                return otherwise;
            }
            if (!value.isIntegralNumber()
                    || !value.canConvertToInt()
                    || value.intValue() < least
                    || value.intValue() > most) {
                throw wrong(key, "is " + value + "; write a number from " + least + " to " + most);
            }
            return value.intValue();
        }

        /** Null if it is missing or null. */
        private static @Nullable JsonNode field(JsonNode object, String key) {
            @Nullable JsonNode found = null;
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                if (entry.getKey().equalsIgnoreCase(key) && !entry.getValue().isNull()) {
                    found = entry.getValue();
                }
            }
            return found;
        }

        private NetConfException wrong(String key, String problem) {
            return new NetConfException(key.isEmpty() ? name + " " + problem : name + ": " + key + " " + problem);
        }
    }
}
