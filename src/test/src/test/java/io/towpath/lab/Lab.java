package io.towpath.lab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.api.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A cluster on this machine. Everything has a name with the process's ID in it, so that nothing clashes with another run, and
 * so that {@link #close} finds it all by name, whatever state it is in. The machine's own network is not touched.
 */
public final class Lab implements AutoCloseable {
    /** What the names of all namespaces of all labs begin with. */
    static final String PREFIX = "tplab-";

    /** The switch's own address, once it is a gateway. */
    public static final String GATEWAY = "192.168.50.254";

    public static final String GATEWAY_V6 = "2001:db8:50::fe";

    /** A host that is neither node nor pod. */
    public static final String OUTSIDE = "203.0.113.1";

    public static final String OUTSIDE_V6 = "2001:db8:99::1";

    private static final int API_PORT = 8001;

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Set<Lab> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(Lab::close)));
    }

    private final String id = PREFIX + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    private final Path folder;
    private final Path plugin;
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Map<String, Namespace> namespaces = new ConcurrentHashMap<>();
    private final List<AutoCloseable> others = new ArrayList<>();
    private boolean ipv4 = true;
    private boolean ipv6;

    /** An empty lab, in which {@code plugin} is what the nodes' runtimes call. */
    public Lab(Path plugin) {
        this.plugin = plugin;
        try {
            this.folder = Files.createTempDirectory(id);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        OPEN.add(this);
    }

    /** A cluster of two nodes, a and b, with the executable under test, over IPv4. */
    public static Lab ofTwoNodes() {
        return new Lab(Plugin.towpath()).withNodes("a", "b");
    }

    /** One node, a, with the executable under test. */
    public static Lab ofOneNode() {
        return new Lab(Plugin.towpath()).withNodes("a");
    }

    /** Which families the nodes and the pods' network have; before there are nodes. */
    public Lab families(boolean withIpv4, boolean withIpv6) {
        ipv4 = withIpv4;
        ipv6 = withIpv6;
        return this;
    }

    /** Puts up nodes, a switch between them, and tells every node of all. */
    public Lab withNodes(String... names) {
        try {
            addNodes(names);
            return this;
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void addNodes(String... names) {
        Namespace underlay = namespace("switch");
        underlay.ip("link add name br0 type bridge", "link set br0 up");
        for (String name : names) {
            int number = nodes.size() + 1;
            List<String> addresses = families("192.168.50." + number, "2001:db8:50::" + number);
            List<String> slices = families("10.244." + number + ".0/24", "fd00:10:244:" + number + "::/64");
            Node node = new Node(this, name, addresses, slices);
            nodes.put(name, node);
            underlay.ip(
                    "link add name " + name + " type veth peer name eth0 netns "
                            + node.namespace().path(),
                    "link set dev " + name + " master br0 up");
            List<String> lines = new ArrayList<>();
            for (String address : addresses) {
                lines.add("address add dev eth0 " + (address.contains(":") ? address + "/64 nodad" : address + "/24"));
            }
            lines.add("link set eth0 up");
            node.namespace().ip(lines.toArray(String[]::new));
        }
        nodes.values().forEach(node -> node.writeClusterFile(clusterFile(node)));
    }

    /**
     * Gives the switch addresses and makes them the nodes' default route: beyond it lies the outside, which is one host with
     * {@link #OUTSIDE} and {@link #OUTSIDE_V6} and no way back to a pod.
     */
    public Lab withGateway() {
        Namespace underlay = underlay();
        underlay.ip(
                "address add dev br0 " + GATEWAY + "/24",
                "address add dev br0 " + GATEWAY_V6 + "/64 nodad",
                "address add dev lo " + OUTSIDE + "/32",
                "address add dev lo " + OUTSIDE_V6 + "/128 nodad");
        for (Node node : nodes.values()) {
            for (String address : node.addresses()) {
                node.namespace().ip("route add default via " + (address.contains(":") ? GATEWAY_V6 : GATEWAY));
            }
        }
        return this;
    }

    /** An API server at the gateway's address; closed with the lab. */
    public ApiServer api() {
        return with(new ApiServer(underlay(), ipv4 ? GATEWAY : GATEWAY_V6, API_PORT));
    }

    /** The switch between the nodes. */
    public Namespace underlay() {
        Namespace underlay = namespaces.get("switch");
        if (underlay == null) {
            throw new IllegalStateException("no nodes yet");
        }
        return underlay;
    }

    private List<String> families(String first, String second) {
        return ipv4 && ipv6 ? List.of(first, second) : ipv4 ? List.of(first) : List.of(second);
    }

    /** The cluster as this node's file describes it. */
    public ObjectNode clusterFile(Node self) {
        ObjectNode cluster = Json.object("{}");
        cluster.set("network", Json.texts(families("10.244.0.0/16", "fd00:10:244::/56")));
        cluster.put("node", self.name());
        ArrayNode list = cluster.putArray("nodes");
        for (Node node : nodes.values()) {
            ObjectNode entry = list.addObject().put("name", node.name());
            entry.set("slices", Json.texts(node.slices()));
            entry.set("addresses", Json.texts(node.addresses()));
        }
        return cluster;
    }

    public Node node(String name) {
        Node node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("no node " + name);
        }
        return node;
    }

    /** The first node. */
    public Node node() {
        return nodes.values().iterator().next();
    }

    /** What is in the names of all its namespaces. */
    public String id() {
        return id;
    }

    public Path folder() {
        return folder;
    }

    public Path plugin() {
        return plugin;
    }

    /** A namespace that goes with the lab, or earlier. */
    public Namespace namespace(String name) {
        Namespace namespace = Namespace.create(id + "-" + name);
        namespaces.put(name, namespace);
        return namespace;
    }

    /** Has something closed before the namespaces go. */
    public <T extends AutoCloseable> T with(T other) {
        others.add(other);
        return other;
    }

    /** Takes everything down, goes on after failures and tells of them at the end. */
    @Override
    public void close() {
        if (!OPEN.remove(this)) {
            return;
        }
        List<Throwable> failures = new ArrayList<>();
        for (AutoCloseable other : others.reversed()) {
            attempt(other, failures);
        }
        namespaces.values().forEach(namespace -> attempt(namespace, failures));
        attempt(() -> removeNamespaces(id + "-"), failures);
        attempt(() -> Mounts.unmountBelow(folder), failures);
        attempt(() -> deleteFolder(folder), failures);
        if (!failures.isEmpty()) {
            AssertionError error = new AssertionError("lab " + id + " was not taken down", failures.getFirst());
            failures.stream().skip(1).forEach(error::addSuppressed);
            throw error;
        }
    }

    private static void attempt(AutoCloseable what, List<Throwable> failures) {
        try {
            what.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failures.add(e);
        } catch (Exception e) {
            failures.add(e);
        }
    }

    /** Removes all namespaces whose names begin so. */
    static void removeNamespaces(String prefix) throws IOException {
        for (Path path : namespacesWith(prefix)) {
            Namespace.remove(path);
        }
    }

    /** The namespaces whose names begin so. */
    static List<Path> namespacesWith(String prefix) throws IOException {
        if (!Files.isDirectory(Namespace.FOLDER)) {
            return List.of();
        }
        try (Stream<Path> paths = Files.list(Namespace.FOLDER)) {
            return paths.filter(path -> String.valueOf(path.getFileName()).startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }

    static void deleteFolder(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
