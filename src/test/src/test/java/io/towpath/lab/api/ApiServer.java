package io.towpath.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * The part of the Kubernetes API that an agent asks: nodes, with get, list, watch with bookmarks, and patch of the status; list and watch
 * of the other {@link Kind kinds}, and discovery of those that are custom resources. Everything else is forbidden, as an API server that knows our ClusterRole alone would
 * answer. The tests play kubelet, controllers and operator by the methods here.
 */
public final class ApiServer implements AutoCloseable {
    static {
        // Else an event waits for the acknowledgement of the one before it, which a client delays by 40 ms.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final Namespace at;
    private final InetSocketAddress address;
    private final Map<Kind, ObjectStore> stores = new EnumMap<>(Kind.class);
    private final AtomicLong revisions = new AtomicLong(1000);
    private final ObjectStore nodes = new ObjectStore(Kind.NODE, revisions);
    private volatile List<String> clusterPolicies = List.of();
    private volatile boolean servesCalico;
    private volatile Fault fault = _ -> false;
    private final Set<String> requests = new ConcurrentSkipListSet<>();
    private @Nullable SSLContext tls;
    private volatile @Nullable String token;
    private @Nullable HttpServer server;
    private @Nullable ExecutorService threads;
    private @Nullable ApiRequests handler;

    /** What is wrong with the server. */
    @FunctionalInterface
    public interface Fault {
        /** Answers a request, on a thread of its own, in the server's place; whether it does. */
        boolean answers(HttpExchange exchange) throws IOException;
    }

    /** Listens at once. */
    public ApiServer(Namespace at, String address, int port) {
        this.at = at;
        this.address = new InetSocketAddress(address, port);
        for (Kind kind : Kind.values()) {
            stores.put(kind, kind == Kind.NODE ? nodes : new ObjectStore(kind, revisions));
        }
        up();
    }

    public String url() {
        String host = address.getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /** From now on with TLS alone, for who shows a certificate of the context's authorities, or this token if it is not null. */
    public ApiServer secure(SSLContext context, @Nullable String bearer) {
        down();
        tls = context;
        token = bearer;
        up();
        return this;
    }

    /** The one token that is taken from now on. */
    public void expect(String bearer) {
        token = bearer;
    }

    /** The host of its address, and the port. */
    public InetSocketAddress address() {
        return address;
    }

    private HttpServer listen() throws IOException {
        SSLContext context = tls;
        if (context == null) {
            return HttpServer.create(address, 0);
        }
        boolean certificates = token == null;
        HttpsServer https = HttpsServer.create(address, 0);
        https.setHttpsConfigurator(new HttpsConfigurator(context) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters with = context.getDefaultSSLParameters();
                with.setNeedClientAuth(certificates);
                parameters.setSSLParameters(with);
            }
        });
        return https;
    }

    /** Listens again. */
    public void up() {
        ApiRequests current = new ApiRequests(stores, this::served, requests, () -> token);
        HttpServer http = at.call(this::listen);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        http.setExecutor(executor);
        http.createContext("/", exchange -> {
            if (!fault.answers(exchange)) {
                current.handle(exchange);
            }
        });
        http.start();
        server = http;
        threads = executor;
        handler = current;
    }

    /** Ends all connections and refuses new ones. */
    public void down() {
        HttpServer http = server;
        ExecutorService executor = threads;
        ApiRequests current = handler;
        if (http == null || executor == null || current == null) {
            return;
        }
        current.end();
        stores.values().forEach(ObjectStore::wake);
        http.stop(0);
        executor.shutdownNow();
        server = null;
        threads = null;
        handler = null;
    }

    /** Ends all connections. */
    public void disconnect() {
        down();
        up();
    }

    /** Forgets what happened: whoever watches is told 410 Gone and has to list. */
    public void compact() {
        stores.values().forEach(ObjectStore::compact);
    }

    /** From now on with a fault, which begins with the end of all connections, and after which whoever watches has to list. */
    public void fail(Fault by) {
        down();
        compact();
        fault = by;
        up();
    }

    /** Without a fault, as {@link #fail} with one. */
    public void mend() {
        fail(_ -> false);
    }

    /** What was asked for, as {@code "patch nodes/status"}, each once. */
    public Set<String> requests() {
        return Set.copyOf(requests);
    }

    private ObjectStore store(Kind kind) {
        return Objects.requireNonNull(stores.get(kind));
    }

    private List<String> served(Kind kind) {
        if (kind.isOfCalico() && !servesCalico) {
            return List.of();
        }
        return kind == Kind.CLUSTER_NETWORK_POLICY ? clusterPolicies : kind.versions();
    }

    /** Installs Calico's custom resources. */
    public void serveCalico() {
        servesCalico = true;
    }

    /** Installs the custom resource ClusterNetworkPolicy in all versions, or removes it with all that are there. */
    public void serveClusterNetworkPolicies(boolean serve) {
        if (!serve) {
            store(Kind.CLUSTER_NETWORK_POLICY).deleteAll();
        }
        serveClusterNetworkPolicies(
                serve ? Kind.CLUSTER_NETWORK_POLICY.versions().toArray(String[]::new) : new String[0]);
    }

    /** Serves the custom resource ClusterNetworkPolicy in these versions from now on, with all that are there; in none without any. */
    public void serveClusterNetworkPolicies(String... versions) {
        clusterPolicies = List.of(versions);
        store(Kind.CLUSTER_NETWORK_POLICY).wake();
    }

    /** Adds an object of any kind that is served, or puts it into the place of the one of its name. */
    public void put(ObjectNode object) {
        Kind kind = Kind.of(object);
        if (kind == Kind.CLUSTER_NETWORK_POLICY && clusterPolicies.isEmpty()) {
            clusterPolicies = kind.versions();
        }
        if (kind.isOfCalico()) {
            serveCalico();
        }
        store(kind).put(object.deepCopy());
    }

    /** As {@link #put} for each document of a manifest: what {@code kubectl apply} is given. */
    public void apply(String yaml) {
        Manifest.documents(yaml).forEach(document -> put((ObjectNode) document));
    }

    /** Deletes an object. The namespace is empty for one that is in none. */
    public void delete(Kind kind, String namespace, String name) {
        store(kind).delete(kind.key(namespace, name));
    }

    /** Changes an object as {@link #edit(String, Consumer)} a node. */
    public void edit(Kind kind, String namespace, String name, Consumer<ObjectNode> change) {
        store(kind).edit(kind.key(namespace, name), change);
    }

    /** All of a kind as they are now; not to be changed. */
    public List<ObjectNode> objects(Kind kind) {
        return store(kind).snapshot().objects();
    }

    /** A node as kubelet registers it and the controller gives it slices: without any annotation of an overlay. */
    public void addNode(String name, List<String> slices, String address) {
        nodes.add(NodeObjects.registered(name, slices, address));
    }

    /** Any node object. */
    public void addNode(ObjectNode node) {
        nodes.add(node.deepCopy());
    }

    public void deleteNode(String name) {
        nodes.delete(name);
    }

    /** Changes a node as an operator with kubectl would. */
    public void edit(String name, Consumer<ObjectNode> change) {
        nodes.edit(name, change);
    }

    /** Sets annotations of a node: name and value in turn. */
    public void annotate(String name, String... namesAndValues) {
        nodes.edit(name, node -> {
            ObjectNode annotations = node.withObjectProperty("metadata").withObjectProperty("annotations");
            for (int i = 0; i < namesAndValues.length; i += 2) {
                annotations.put(namesAndValues[i], namesAndValues[i + 1]);
            }
        });
    }

    /** The node as it is now. */
    public ObjectNode node(String name) {
        ObjectNode node = nodes.get(name);
        if (node == null) {
            throw new AssertionError("no node " + name);
        }
        return node.deepCopy();
    }

    /** All nodes as they are now; not to be changed. */
    public List<ObjectNode> nodes() {
        return nodes.snapshot().objects();
    }

    /** An annotation, an empty text if there is none. */
    public String annotation(String node, String name) {
        return node(node).path("metadata").path("annotations").path(name).asText();
    }

    /** A condition of a node's status; of no fields if there is none. */
    public JsonNode condition(String node, String type) {
        for (JsonNode condition : node(node).path("status").path("conditions")) {
            if (condition.path("type").asText().equals(type)) {
                return condition;
            }
        }
        return Json.object("{}");
    }

    @Override
    public void close() {
        down();
    }
}
