package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What a node is, as independent witnesses tell: the kernel's links, addresses, routes, lasting neighbours, forwarding entries and
 * host ports, and the files below its folder. One line each, so that two states can be compared.
 */
public record NodeState(List<String> lines) {
    /** What the kernel changes by itself: timers, carrier, traffic. */
    private static final List<String> VOLATILE = List.of(
            "valid_life_time",
            "preferred_life_time",
            "operstate",
            "flags",
            "tentative",
            "expires",
            "used",
            "confirmed",
            "updated",
            "probes",
            "age",
            "min_mtu",
            "max_mtu",
            "inet6_addr_gen_mode");

    static NodeState of(Node node) {
        List<String> lines = new ArrayList<>(kernel(node.namespace()));
        lines.addAll(files(node.folder()));
        Collections.sort(lines);
        return new NodeState(List.copyOf(lines));
    }

    /** What is in the kernel of any namespace. */
    public static NodeState ofKernel(Namespace namespace) {
        return new NodeState(kernel(namespace).stream().sorted().toList());
    }

    /** What is in the kernel alone. */
    static List<String> kernel(Namespace namespace) {
        List<String> lines = new ArrayList<>();
        add(lines, "address", namespace.show("-d", "address"));
        add(lines, "route", namespace.show("-4", "route", "show", "table", "all"));
        add(lines, "route6", namespace.show("-6", "route", "show", "table", "all"));
        add(lines, "neighbour", namespace.show("neigh", "show", "nud", "permanent"));
        add(lines, "proxy", namespace.show("neigh", "show", "proxy"));
        add(lines, "fdb", namespace.forwardingEntries());
        addHostPorts(lines, Json.read(namespace.run("nft", "-j", "list", "ruleset")));
        return lines;
    }

    /** What is in the table's sets and maps; these stay when they are empty. Its revision is another after each change. */
    private static void addHostPorts(List<String> lines, JsonNode ruleset) {
        for (JsonNode object : ruleset.path("nftables")) {
            for (JsonNode set : List.of(object.path("set"), object.path("map"))) {
                if (set.path("table").asText().equals("towpath-hostports")
                        && !set.path("name").asText().equals("revision")) {
                    set.path("elem")
                            .forEach(element ->
                                    lines.add("hostport " + set.path("name").asText() + " " + element));
                }
            }
        }
    }

    private static void add(List<String> lines, String kind, JsonNode entries) {
        for (JsonNode entry : entries) {
            if (entry instanceof ObjectNode object && !object.isEmpty() && !isByItself(entry)) {
                boolean isUp = entry.path("flags").toString().contains("\"UP\"");
                strip(object);
                lines.add(kind + (isUp ? " up " : " ") + object);
            }
        }
    }

    /** IPv6's local routes, its link-local part and multicast memberships come when the kernel finds the time. */
    private static boolean isByItself(JsonNode entry) {
        String destination = entry.path("dst").asText();
        String mac = entry.path("mac").asText();
        return destination.startsWith("fe80:")
                || destination.startsWith("ff00:")
                || entry.path("type").asText().equals("multicast")
                || (entry.path("type").asText().equals("local") && destination.contains(":"))
                || mac.startsWith("33:33:")
                || mac.startsWith("01:00:5e:")
                || isLinkLocal(entry);
    }

    private static boolean isLinkLocal(JsonNode address) {
        return address.path("family").asText().equals("inet6")
                && address.path("scope").asText().equals("link");
    }

    private static void strip(ObjectNode object) {
        object.remove(VOLATILE);
        if (object.get("addr_info") instanceof ArrayNode addresses) {
            Iterator<JsonNode> each = addresses.iterator();
            while (each.hasNext()) {
                if (isLinkLocal(each.next())) {
                    each.remove();
                }
            }
        }
        for (JsonNode child : object) {
            if (child instanceof ObjectNode nested) {
                strip(nested);
            }
            for (JsonNode element : child) {
                if (child.isArray() && element instanceof ObjectNode nested) {
                    strip(nested);
                }
            }
        }
    }

    /** Files with their contents, folders and links, relative to the folder. */
    static List<String> files(Path folder) {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                boolean isFile = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
                String name = Objects.toString(folder.relativize(path));
                lines.add(isFile ? "file " + name + ": " + content(path) : "folder " + name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    private static String content(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        for (byte each : bytes) {
            boolean isText = each >= ' ' || each == '\n' || each == '\r' || each == '\t';
            if (!isText) {
                return "base64 " + Base64.getEncoder().encodeToString(bytes);
            }
        }
        return new String(bytes, java.nio.charset.StandardCharsets.UTF_8)
                .replace("\r", "\\r")
                .replace("\n", "\\n");
    }

    /** The state less the lines with this text. */
    public NodeState without(String text) {
        return new NodeState(lines.stream().filter(line -> !line.contains(text)).toList());
    }

    /** Fails with the differences if this is not what it was. */
    public void assertSameAs(NodeState before) {
        List<String> added = new ArrayList<>(lines);
        before.lines.forEach(added::remove);
        List<String> removed = new ArrayList<>(before.lines);
        lines.forEach(removed::remove);
        if (!added.isEmpty() || !removed.isEmpty()) {
            throw new AssertionError("the node changed\nnew:\n  " + String.join("\n  ", added) + "\ngone:\n  "
                    + String.join("\n  ", removed));
        }
    }
}
