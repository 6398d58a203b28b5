package io.towpath.overlay;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster.Node;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the cluster file: JSON, as {@code conf/README.md} describes it. Whatever is wrong is told in one line with the file,
 * the key, the value and the mend; nothing is guessed and no key is ignored.
 */
public final class ClusterFile {
    /** The most bytes a cluster file may have: room for more than 100,000 nodes. */
    public static final int MAX_BYTES = 16 << 20;

    private static final String FORM = "see conf/cluster.example.json for the form";
    private static final String TOP_KEYS =
            "network, node, interface, interfaceRegex, interfaceCidr, vni, port, mtu, learning, gbp, directRouting, nodes";
    private static final String NODE_KEYS = "name, slices, addresses, mac, macV6, sources";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String file;

    private ClusterFile(String file) {
        this.file = file;
    }

    /**
     * Reads and checks a cluster file.
     *
     * @throws ClusterFileException if it is missing, cannot be read or is wrong
     */
    public static Cluster read(String file) throws ClusterFileException {
        byte[] content = content(file);
        if (content == null) {
            throw missing(file);
        }
        return parse(file, content);
    }

    static ClusterFileException missing(String file) {
        return new ClusterFileException(file, "", "there is no such file; " + FORM);
    }

    /** The bytes of a cluster file, null if there is no such file. */
    static byte @Nullable [] content(String file) throws ClusterFileException {
        try {
            return Linux.readFile(file, MAX_BYTES);
        } catch (LinuxException e) {
            throw new ClusterFileException(
                    file,
                    "",
                    e.is(Errno.EFBIG)
                            ? "has more than " + MAX_BYTES + " bytes; it is not a cluster file"
                            : "cannot be read: " + Errno.describe(e.errno()));
        }
    }

    /**
     * Checks the content of a cluster file.
     *
     * @param file its name in messages
     * @throws ClusterFileException if it is wrong
     */
    public static Cluster parse(String file, byte[] content) throws ClusterFileException {
        return parse(file, content, false);
    }

    /**
     * As {@link #parse}, of what {@link ClusterFileWriter} wrote of a live cluster, in which two nodes may have one address.
     *
     * @throws ClusterFileException if it is wrong
     */
    public static Cluster parseLive(String file, byte[] content) throws ClusterFileException {
        return parse(file, content, true);
    }

    private static Cluster parse(String file, byte[] content, boolean live) throws ClusterFileException {
        JsonNode root;
        try {
            root = MAPPER.readTree(content);
        } catch (JsonProcessingException e) {
            throw new ClusterFileException(file, "", "not valid JSON" + where(e) + ": " + reason(e));
        } catch (IOException e) {
            throw new ClusterFileException(file, "", "not valid JSON: " + ClusterFileException.printable("" + e, 200));
        }
        if (root.isMissingNode()) {
            throw new ClusterFileException(file, "", "is empty; " + FORM);
        }
        ClusterFile reader = new ClusterFile(file);
        Cluster cluster = reader.cluster(root);
        new ClusterRules(file, cluster).check(live);
        return cluster;
    }

    private static String where(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " at line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
    }

    private static String reason(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        return ClusterFileException.printable(
                message == null ? "unreadable" : message.lines().findFirst().orElse(""), 200);
    }

    private Cluster cluster(JsonNode root) throws ClusterFileException {
        object("", root, TOP_KEYS);
        List<IpPrefix> networks = prefixes("network", required("", root, "network"), "10.244.0.0/16");
        JsonNode nodeList = array("nodes", required("", root, "nodes"), "[{\"name\": ...}]");
        String node = optionalText("node", root);
        List<Node> nodes = new ArrayList<>(nodeList.size());
        for (int i = 0; i < nodeList.size(); i++) {
            nodes.add(node("nodes[" + i + "]", nodeList.get(i), node));
        }
        return new Cluster(
                networks,
                node,
                underlay(root),
                number("vni", root, Cluster.DEFAULT_VNI, 1, ClusterRules.MAX_VNI),
                number("port", root, Cluster.DEFAULT_PORT, 1, 65_535),
                number("mtu", root, 0, ClusterRules.MIN_UNDERLAY_MTU, 65_535),
                truth("learning", root),
                truth("gbp", root),
                truth("directRouting", root),
                nodes);
    }

    private UnderlayChoice underlay(JsonNode root) throws ClusterFileException {
        JsonNode names = root.get("interface");
        List<String> interfaces = names == null || names.isArray()
                ? texts("interface", names, "eth0")
                : List.of(text("interface", names, "a name"));
        List<String> regexes = texts("interfaceRegex", root.get("interfaceRegex"), "eth.*");
        JsonNode cidrs = root.get("interfaceCidr");
        return new UnderlayChoice(
                interfaces, regexes, cidrs == null ? List.of() : prefixes("interfaceCidr", cidrs, "192.168.0.0/16"));
    }

    private List<String> texts(String key, @Nullable JsonNode json, String example) throws ClusterFileException {
        List<String> texts = new ArrayList<>();
        JsonNode list = json == null ? MAPPER.createArrayNode() : array(key, json, "[\"" + example + "\"]");
        for (int i = 0; i < list.size(); i++) {
            texts.add(text(key + "[" + i + "]", list.get(i), "a text such as \"" + example + "\""));
        }
        return texts;
    }

    private Node node(String key, JsonNode json, @Nullable String self) throws ClusterFileException {
        object(key, json, NODE_KEYS);
        String name = text(key + ".name", required(key, json, "name"), "a node's name");
        // Its own interface tells this node's address; one that the file serves other nodes with must be there.
        boolean isSelf = name.equals(self);
        List<IpPrefix> slices = prefixes(key + ".slices", required(key, json, "slices"), "10.244.1.0/24");
        JsonNode given = isSelf ? json.get("addresses") : required(key, json, "addresses");
        return new Node(
                name,
                slices,
                addresses(key + ".addresses", given),
                mac(key, json, "mac"),
                mac(key, json, "macV6"),
                addresses(key + ".sources", json.get("sources")));
    }

    private List<IpAddress> addresses(String key, @Nullable JsonNode json) throws ClusterFileException {
        JsonNode list = json == null ? MAPPER.createArrayNode() : array(key, json, "[\"192.168.0.1\"]");
        List<IpAddress> addresses = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            String place = key + "[" + i + "]";
            String text = text(place, list.get(i), "an address such as \"192.168.0.1\"");
            IpAddress address = IpAddress.tryParse(text);
            if (address == null) {
                throw wrong(
                        place,
                        ClusterFileException.quoted(text) + " is no IP address; write one such as \"192.168.0.1\"");
            }
            addresses.add(address);
        }
        return addresses;
    }

    private @Nullable MacAddress mac(String key, JsonNode json, String name) throws ClusterFileException {
        JsonNode value = json.get(name);
        if (value == null) {
            return null;
        }
        String place = key + "." + name;
        String text = text(place, value, "a MAC address");
        MacAddress mac = MacAddress.tryParse(text);
        if (mac == null || mac.isMulticast() || mac.value() == 0) {
            throw wrong(
                    place,
                    ClusterFileException.quoted(text)
                            + " is no MAC address of a device; write one such as \"0a:58:0a:f4:01:00\"");
        }
        return mac;
    }

    private boolean truth(String key, JsonNode root) throws ClusterFileException {
        JsonNode json = root.get(key);
        if (json != null && !json.isBoolean()) {
            throw wrong(key, "must be true or false, not " + type(json));
        }
        return json != null && json.booleanValue();
    }

    private List<IpPrefix> prefixes(String key, JsonNode json, String example) throws ClusterFileException {
        JsonNode list = array(key, json, "[\"" + example + "\"]");
        List<IpPrefix> prefixes = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            String place = key + "[" + i + "]";
            String text = text(place, list.get(i), "a prefix such as \"" + example + "\"");
            IpPrefix prefix = IpPrefix.tryParse(text);
            if (prefix == null) {
                throw wrong(
                        place,
                        ClusterFileException.quoted(text) + " is no prefix; write address/length such as \"" + example
                                + "\"");
            }
            if (!prefix.isNetwork()) {
                throw wrong(
                        place,
                        ClusterFileException.quoted(text) + " has host bits; write \"" + prefix.network() + "\"");
            }
            prefixes.add(prefix);
        }
        return prefixes;
    }

    private void object(String key, JsonNode json, String allowed) throws ClusterFileException {
        if (!json.isObject()) {
            throw wrong(key, "must be an object with the keys " + allowed + ", not " + type(json));
        }
        Iterator<String> names = json.fieldNames();
        while (names.hasNext()) {
            String name = names.next();
            if (!(", " + allowed + ",").contains(", " + name + ",") || name.isEmpty()) {
                throw wrong(key, "unknown key " + ClusterFileException.quoted(name) + "; the keys here are " + allowed);
            }
        }
    }

    private JsonNode required(String key, JsonNode object, String name) throws ClusterFileException {
        JsonNode value = object.get(name);
        if (value == null) {
            throw wrong(key, "the key \"" + name + "\" is missing; " + FORM);
        }
        return value;
    }

    private JsonNode array(String key, JsonNode json, String example) throws ClusterFileException {
        if (!json.isArray()) {
            throw wrong(key, "must be an array such as " + example + ", not " + type(json));
        }
        if (json.isEmpty()) {
            throw wrong(key, "must not be empty; write " + example);
        }
        return json;
    }

    private String text(String key, JsonNode json, String what) throws ClusterFileException {
        if (!json.isTextual()) {
            throw wrong(key, "must be " + what + ", a string, not " + type(json));
        }
        return json.textValue();
    }

    private @Nullable String optionalText(String key, JsonNode root) throws ClusterFileException {
        JsonNode json = root.get(key);
        return json == null ? null : text(key, json, "a name");
    }

    private int number(String key, JsonNode root, int absent, int min, int max) throws ClusterFileException {
        JsonNode json = root.get(key);
        if (json == null) {
            return absent;
        }
        if (!json.isIntegralNumber()) {
            throw wrong(key, "must be a whole number from " + min + " to " + max + ", not " + type(json));
        }
        if (!json.canConvertToInt() || json.intValue() < min || json.intValue() > max) {
            throw wrong(
                    key,
                    ClusterFileException.printable(json.asText(), 30) + " is out of range; write a number from " + min
                            + " to " + max);
        }
        return json.intValue();
    }

    private static String type(JsonNode json) {
        return switch (json.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "the string " + ClusterFileException.quoted(json.textValue());
            case NUMBER -> "the number " + ClusterFileException.printable(json.asText(), 30);
            case BOOLEAN -> json.asText();
            default -> "null";
        };
    }

    private ClusterFileException wrong(String key, String problem) {
        return new ClusterFileException(file, key, problem);
    }
}
