package io.towpath.lab.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.api.ClusterObjects;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The objects of a cluster as the API holds them, and where packets come from and go to. Each change goes to the API, too. */
final class World {
    static final List<String> NAMESPACES = List.of("x", "y", "z");
    static final List<String> PODS = List.of("a", "b", "c");
    static final List<Integer> PORTS = List.of(80, 81);
    static final String OUTSIDE = "outside";

    /** A namespace with a pod a and a pod b on different nodes, which no case is about: see {@link #turnCanaries}. */
    static final String CANARY = "canary";

    private final Api api;
    private final Nodes nodes;
    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private final Map<String, Place> places = new LinkedHashMap<>();
    private int canaryPort = PORTS.getFirst();

    /** Where the objects go. */
    interface Api {
        /** Creates it, or puts it in the place of the one with its name. */
        void put(ObjectNode object);

        void delete(ObjectNode object);
    }

    /** Who makes what the objects speak of. */
    interface Nodes {
        /** Gives a pod a network; returns its addresses. */
        List<String> attach(String pod, String node);

        /** Takes it away. */
        void detach(String pod);
    }

    /**
     * What has addresses.
     *
     * @param seenAs the addresses that others see its packets come from, one of each family
     */
    private record Place(List<String> addresses, List<String> seenAs) {}

    World(Api api, Nodes nodes) {
        this.api = api;
        this.nodes = nodes;
    }

    /** A node that is in the API already. */
    World node(ObjectNode node, List<String> addresses, List<String> seenAs) {
        objects.put(key("Node", "", name(node)), node.deepCopy());
        places.put(nodePlace(name(node)), new Place(addresses, seenAs));
        return this;
    }

    /** The namespaces, and the pods on nodes a and b in turn. */
    World fill() {
        int count = 0;
        for (String namespace : NAMESPACES) {
            namespace(namespace);
            for (String pod : PODS) {
                pod(namespace + "/" + pod, count++ % 2 == 0 ? "a" : "b");
            }
        }
        return namespace(CANARY).pod(CANARY + "/a", "a").pod(CANARY + "/b", "b");
    }

    /** The place that is a node itself. */
    static String nodePlace(String node) {
        return "node-" + node;
    }

    /** A host that is neither node nor pod. */
    World outside(List<String> addresses) {
        places.put(OUTSIDE, new Place(addresses, addresses));
        return this;
    }

    World namespace(String name) {
        put(ClusterObjects.namespace(name, namespaceLabels(name)));
        return this;
    }

    private static Map<String, String> namespaceLabels(String name) {
        return Map.of("kubernetes.io/metadata.name", name, "ns", name);
    }

    /** A pod with named ports, from its object to its addresses. */
    World pod(String pod, String node) {
        put(object(pod, node, List.of()));
        List<String> addresses = nodes.attach(pod, node);
        places.put(pod, new Place(addresses, addresses));
        put(object(pod, node, addresses));
        return this;
    }

    private static ObjectNode object(String pod, String node, List<String> addresses) {
        String[] name = pod.split("/", -1);
        ObjectNode object = ClusterObjects.pod(name[0], name[1], Map.of("pod", name[1]), node, addresses);
        for (int port : PORTS) {
            for (Protocol protocol : Protocol.values()) {
                ClusterObjects.withPort(object, portName(port, protocol), protocol.toString(), port);
            }
        }
        return object;
    }

    /** Takes a pod's network away, and the pod. */
    void removePod(String pod) {
        ObjectNode object = pod(pod);
        places.remove(pod);
        delete("Pod", namespace(object), name(object));
        nodes.detach(pod);
    }

    void removeNamespace(String name) {
        delete("Namespace", "", name);
    }

    /** As {@code serve-80-tcp}. */
    static String portName(int port, Protocol protocol) {
        return "serve-" + port + "-" + protocol.toString().toLowerCase(java.util.Locale.ROOT);
    }

    ObjectNode pod(String pod) {
        ObjectNode object = findPod(pod);
        if (object == null) {
            throw new IllegalArgumentException("no pod " + pod);
        }
        return object;
    }

    /** Null if the place is no pod. */
    @Nullable
    ObjectNode findPod(String place) {
        String[] name = place.split("/", -1);
        return name.length == 2 ? objects.get(key("Pod", name[0], name[1])) : null;
    }

    /** The labels of a namespace. */
    JsonNode namespaceLabelsOf(String namespace) {
        ObjectNode object = objects.get(key("Namespace", "", namespace));
        if (object == null) {
            throw new IllegalArgumentException("no namespace " + namespace);
        }
        return object.path("metadata").path("labels");
    }

    /** All pods that have addresses, and all else that has. */
    List<String> places() {
        return List.copyOf(places.keySet());
    }

    List<String> addresses(String place) {
        return place(place).addresses;
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new IllegalArgumentException("no place " + name);
        }
        return place;
    }

    /** All questions from one place to another by all of its addresses, to all ports by all protocols. */
    List<Probe> probes(String from, String to) {
        List<Probe> probes = new ArrayList<>();
        for (String destination : addresses(to)) {
            for (String source : place(from).seenAs) {
                if (source.contains(":") == destination.contains(":")) {
                    for (int port : PORTS) {
                        for (Protocol protocol : Protocol.values()) {
                            probes.add(new Probe(from, to, source, destination, port, protocol));
                        }
                    }
                }
            }
        }
        return probes;
    }

    /** Creates a policy of either kind, or puts it in the place of the one with its name. */
    void apply(ObjectNode policy) {
        put(policy);
    }

    /** Deletes a NetworkPolicy. */
    void deletePolicy(String namespace, String name) {
        delete("NetworkPolicy", namespace, name);
    }

    void deleteClusterPolicy(String name) {
        delete("ClusterNetworkPolicy", "", name);
    }

    /** Gives a pod further labels. */
    void labelPod(String pod, Map<String, String> labels) {
        put(withLabels(pod(pod).deepCopy(), labels));
    }

    /** Gives a namespace further labels. */
    void labelNamespace(String name, Map<String, String> labels) {
        ObjectNode object = objects.get(key("Namespace", "", name));
        if (object == null) {
            throw new IllegalArgumentException("no namespace " + name);
        }
        put(withLabels(object.deepCopy(), labels));
    }

    /**
     * Changes what the canaries may do. Who sees that it is in force knows that all policies before it are: the API tells of them in
     * order.
     */
    void turnCanaries() {
        canaryPort = PORTS.get((PORTS.indexOf(canaryPort) + 1) % PORTS.size());
        apply(Policies.policy(
                CANARY, "turn", Policies.all(), Policies.ingress(Policies.rule(Policies.port(canaryPort)))));
    }

    static boolean isCanary(String place) {
        return place.startsWith(CANARY + "/");
    }

    /** No policies but the canaries', and only the pods, namespaces and labels that were there in the beginning. */
    void reset() {
        for (String kind : List.of("NetworkPolicy", "ClusterNetworkPolicy")) {
            of(kind).stream()
                    .filter(each -> !namespace(each).equals(CANARY))
                    .forEach(each -> delete(kind, namespace(each), name(each)));
        }
        for (ObjectNode pod : of("Pod")) {
            if (!isLasting(namespace(pod)) || !PODS.contains(name(pod))) {
                removePod(namespace(pod) + "/" + name(pod));
                continue;
            }
            relabel(pod, Map.of("pod", name(pod)));
        }
        for (ObjectNode namespace : of("Namespace")) {
            if (!isLasting(name(namespace))) {
                removeNamespace(name(namespace));
                continue;
            }
            relabel(namespace, namespaceLabels(name(namespace)));
        }
    }

    private static boolean isLasting(String namespace) {
        return NAMESPACES.contains(namespace) || namespace.equals(CANARY);
    }

    private void relabel(ObjectNode object, Map<String, String> labels) {
        ObjectNode copy = object.deepCopy();
        copy.withObjectProperty("metadata").remove("labels");
        withLabels(copy, labels);
        if (!copy.equals(object)) {
            put(copy);
        }
    }

    private static ObjectNode withLabels(ObjectNode object, Map<String, String> labels) {
        ObjectNode present = object.withObjectProperty("metadata").withObjectProperty("labels");
        labels.forEach(present::put);
        return object;
    }

    /** All objects of a kind, by their names; not to be changed. */
    List<ObjectNode> of(String kind) {
        return objects.values().stream()
                .filter(each -> each.path("kind").asText().equals(kind))
                .toList();
    }

    private void put(ObjectNode object) {
        String kind = object.path("kind").asText();
        objects.put(key(kind, namespace(object), name(object)), object);
        api.put(object.deepCopy());
    }

    private void delete(String kind, String namespace, String name) {
        ObjectNode object = objects.remove(key(kind, namespace, name));
        if (object == null) {
            throw new IllegalArgumentException("no " + kind + " " + namespace + "/" + name);
        }
        api.delete(object.deepCopy());
    }

    private static String key(String kind, String namespace, String name) {
        return kind + "/" + namespace + "/" + name;
    }

    static String namespace(JsonNode object) {
        return object.path("metadata").path("namespace").asText();
    }

    static String name(JsonNode object) {
        return object.path("metadata").path("name").asText();
    }
}
