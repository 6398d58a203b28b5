package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Part of an API server, over real HTTP, that can be made to fail in the ways a real one does. */
final class FakeApi implements AutoCloseable {
    static {
        // Else an event waits for the acknowledgement of the one before it, which a client delays by 40 ms.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    static final JsonMapper MAPPER = new JsonMapper();

    static final String NODES = "/api/v1/nodes";
    static final String PODS = "/api/v1/pods";
    static final String NAMESPACES = "/api/v1/namespaces";
    static final String POLICIES = "/apis/networking.k8s.io/v1/networkpolicies";
    static final String GROUP = "/apis/policy.networking.k8s.io";
    static final String CLUSTER_POLICIES = GROUP + "/v1beta1/clusternetworkpolicies";
    static final String OLD_CLUSTER_POLICIES = GROUP + "/v1alpha2/clusternetworkpolicies";
    static final String VERSION = "/version";

    /** What was asked: a verb, and what with. */
    record Asked(String what, @Nullable String token, String path) {}

    private record Event(int version, String path, String text) {}

    final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    final BlockingQueue<JsonNode> created = new LinkedBlockingQueue<>();
    final BlockingQueue<JsonNode> patches = new LinkedBlockingQueue<>();

    /** By the path of their list and {@code namespace/name}. */
    private final Map<String, NavigableMap<String, ObjectNode>> objects = new HashMap<>();

    private final Map<String, List<Watch>> watches = new HashMap<>();
    /** What happened, for watches that begin at a place in the past. */
    private final List<Event> log = new ArrayList<>();

    private final Set<String> absent = new HashSet<>();
    private final Map<String, Integer> refused = new HashMap<>();
    /** Of ClusterNetworkPolicy; in the order of discovery. */
    private List<String> served = List.of("v1alpha2", "v1beta1");
    /** Versions of the same group that have other kinds alone. */
    private List<String> others = List.of();

    private HttpServer server;
    private ExecutorService threads;
    private int version = 1000;
    private int failWith;
    private int forgotten;
    private int goneRequests;
    private int retryAfter;
    private boolean hangsUp;
    private final int port;

    /** What who watches is to be told; null for the end. */
    private static final class Watch {
        private static final String END = "";

        private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    }

    private record Reply(int code, String type, String body) {}

    FakeApi() {
        threads = Executors.newVirtualThreadPerTaskExecutor();
        server = listen(0, threads);
        port = server.getAddress().getPort();
    }

    private HttpServer listen(int at, ExecutorService by) {
        try {
            HttpServer listening = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
            listening.setExecutor(by);
            listening.createContext("/", this::handle);
            listening.start();
            return listening;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + port + "/";
    }

    int port() {
        return port;
    }

    private static String path(JsonNode object) {
        return switch (object.path("kind").asText()) {
            case "Node" -> NODES;
            case "Pod" -> PODS;
            case "Namespace" -> NAMESPACES;
            case "NetworkPolicy" -> POLICIES;
            case "ClusterNetworkPolicy" -> CLUSTER_POLICIES;
            default -> throw new IllegalArgumentException("no kind: " + object);
        };
    }

    private static String key(JsonNode object) {
        JsonNode metadata = object.path("metadata");
        String namespace = metadata.path("namespace").asText();
        return (namespace.isEmpty() ? "" : namespace + "/")
                + metadata.path("name").asText();
    }

    private NavigableMap<String, ObjectNode> all(String path) {
        return objects.computeIfAbsent(path, _ -> new TreeMap<>());
    }

    private List<Watch> watches(String path) {
        return watches.computeIfAbsent(path, _ -> new ArrayList<>());
    }

    /** Adds or changes an object and tells who watches. */
    synchronized void put(ObjectNode object) {
        object.withObject("/metadata").put("resourceVersion", Integer.toString(++version));
        boolean known = all(path(object)).put(key(object), object) != null;
        happened(known ? "MODIFIED" : "ADDED", object);
    }

    synchronized void delete(ObjectNode object) {
        ObjectNode known = all(path(object)).remove(key(object));
        if (known != null) {
            known.withObject("/metadata").put("resourceVersion", Integer.toString(++version));
            happened("DELETED", known);
        }
    }

    /** Deletes a node. */
    synchronized void delete(String name) {
        ObjectNode node = all(NODES).get(name);
        if (node != null) {
            delete(node);
        }
    }

    /** Deletes a node while nobody is told: what happens while a watch is broken. */
    synchronized void deleteUnseen(String name) {
        all(NODES).remove(name);
        version++;
    }

    synchronized void deleteUnseen(ObjectNode object) {
        all(path(object)).remove(key(object));
        version++;
    }

    synchronized ObjectNode node(String name) {
        ObjectNode node = all(NODES).get(name);
        if (node == null) {
            throw new AssertionError("no node " + name);
        }
        return node.deepCopy();
    }

    /** Has nothing at a path; or has it from now on. */
    synchronized void absent(String path, boolean now) {
        if (now) {
            absent.add(path);
            disconnect();
        } else {
            absent.remove(path);
        }
    }

    /** Which versions of ClusterNetworkPolicy there are from now on; the watches of all others end. */
    synchronized void serve(String... versions) {
        served = List.of(versions);
        disconnect();
    }

    /** Which versions of their group there are with other kinds alone. */
    synchronized void serveOthers(String... versions) {
        others = List.of(versions);
    }

    /** Forbids a kind, as a role that does not name it; or allows it from now on. */
    synchronized void refuse(String path, boolean now) {
        refuse(path, now ? 403 : 0);
    }

    /** Answers a path with a status; 0 for the truth. */
    synchronized void refuse(String path, int status) {
        if (status != 0) {
            refused.put(path, status);
        } else {
            refused.remove(path);
        }
    }

    private void happened(String type, ObjectNode object) {
        log.add(new Event(version, path(object), event(type, object)));
        emit(type, object);
    }

    /** Sends an event to who watches. */
    synchronized void emit(String type, JsonNode object) {
        String event = event(type, object);
        paths(path(object)).forEach(path -> watches(path).forEach(watch -> watch.events.add(event)));
    }

    /** Objects are told of in each version that they are served in. */
    private static List<String> paths(String path) {
        return path.equals(CLUSTER_POLICIES) ? List.of(CLUSTER_POLICIES, OLD_CLUSTER_POLICIES) : List.of(path);
    }

    private static String event(String type, JsonNode object) {
        return MAPPER.createObjectNode().put("type", type).set("object", object).toString();
    }

    synchronized void bookmark() {
        ObjectNode node = MAPPER.createObjectNode().put("kind", "Node").put("apiVersion", "v1");
        node.putObject("metadata").put("resourceVersion", Integer.toString(++version));
        emit("BOOKMARK", node);
    }

    /** Ends all watches, as a proxy or a restarting server does. */
    synchronized void disconnect() {
        watches.values().forEach(all -> all.forEach(watch -> watch.events.add(Watch.END)));
        watches.clear();
    }

    /** Forgets what happened: watches from a place before now are told so. */
    synchronized void forget() {
        forgotten = ++version;
        disconnect();
    }

    /** The next requests that name a place, a version or a page, are answered with 410. */
    synchronized void refusePlaces(int times) {
        goneRequests = times;
        disconnect();
    }

    /** Answers everything with a status; 0 for the truth. */
    synchronized void fail(int status) {
        fail(status, 0);
    }

    /** As {@link #fail(int)}, and wants to be left alone for so many seconds. */
    synchronized void fail(int status, int seconds) {
        failWith = status;
        retryAfter = seconds;
    }

    /** Takes every question and breaks its connection; or answers from now on. */
    synchronized void hangUp(boolean now) {
        hangsUp = now;
        disconnect();
    }

    /** Stops listening, and breaks all connections. */
    void down() {
        server.stop(0);
        threads.shutdownNow();
        synchronized (this) {
            watches.clear();
        }
    }

    /** Listens again, on the same port. */
    void up() {
        threads = Executors.newVirtualThreadPerTaskExecutor();
        server = listen(port, threads);
    }

    @Override
    public void close() {
        down();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            URI uri = exchange.getRequestURI();
            String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
            boolean watch = query.contains("watch=true");
            byte[] body = exchange.getRequestBody().readAllBytes();
            Watch watching = null;
            Reply reply;
            synchronized (this) {
                reply = answer(exchange, body, uri.getPath(), query, watch);
                if (hangsUp) {
                    return;
                }
                if (reply == null) {
                    watching = watch(uri.getPath(), parameter(query, "resourceVersion"));
                }
            }
            if (watching != null) {
                tell(exchange, watching);
            } else if (reply != null) {
                byte[] answer = reply.body.getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", reply.type);
                if (reply.code == failWith && retryAfter > 0) {
                    exchange.getResponseHeaders().set("Retry-After", String.valueOf(retryAfter));
                }
                exchange.sendResponseHeaders(reply.code, answer.length);
                exchange.getResponseBody().write(answer);
            }
        }
    }

    private static String verb(String method, String path, boolean watch) {
        if (!method.equals("GET")) {
            return method.equals("POST") ? "create" : "patch";
        }
        return (path.startsWith("/api") && !path.startsWith(GROUP)) || path.endsWith("clusternetworkpolicies")
                ? (watch ? "watch" : "list")
                : "get";
    }

    /** Null for a watch. */
    private @Nullable Reply answer(HttpExchange exchange, byte[] body, String path, String query, boolean watch) {
        String verb = verb(exchange.getRequestMethod(), path, watch);
        asked.add(new Asked(verb + " " + query, exchange.getRequestHeaders().getFirst("Authorization"), path));
        if (failWith != 0) {
            return status(failWith);
        }
        if (goneRequests > 0 && (watch || query.contains("continue="))) {
            goneRequests--;
            return status(410);
        }
        Integer refusal = refused.get(path);
        if (refusal != null) {
            return status(refusal);
        }
        if (absent.contains(path)) {
            return notFound();
        }
        return switch (verb) {
            case "get" -> discover(path);
            case "create" -> create(new String(body, StandardCharsets.UTF_8));
            case "patch" -> patch(exchange, new String(body, StandardCharsets.UTF_8), path);
            default -> {
                boolean there = !path.startsWith(GROUP) || served.contains(path.split("/", -1)[3]);
                yield !there
                        ? notFound()
                        : watch ? null : list(path, parameter(query, "limit"), parameter(query, "continue"));
            }
        };
    }

    private static Reply notFound() {
        return new Reply(404, "text/plain; charset=utf-8", "404 page not found\n");
    }

    private Reply discover(String path) {
        List<String> versions = new ArrayList<>(others);
        versions.addAll(served);
        if (path.equals(VERSION)) {
            return json(200, MAPPER.createObjectNode().put("gitVersion", "v1.37.2"));
        }
        if (versions.isEmpty() || !path.startsWith(GROUP)) {
            return notFound();
        }
        if (path.equals(GROUP)) {
            ObjectNode group =
                    MAPPER.createObjectNode().put("kind", "APIGroup").put("name", "policy.networking.k8s.io");
            ArrayNode list = group.putArray("versions");
            versions.forEach(each -> list.addObject()
                    .put("groupVersion", "policy.networking.k8s.io/" + each)
                    .put("version", each));
            return json(200, group);
        }
        String version = path.substring(GROUP.length() + 1);
        if (!versions.contains(version)) {
            return notFound();
        }
        ObjectNode resources = MAPPER.createObjectNode().put("kind", "APIResourceList");
        resources
                .putArray("resources")
                .addObject()
                .put("name", served.contains(version) ? "clusternetworkpolicies" : "adminnetworkpolicies");
        return json(200, resources);
    }

    private Watch watch(String path, @Nullable String from) {
        Watch watch = new Watch();
        int place = from == null ? version : Integer.parseInt(from);
        if (place < forgotten) {
            ObjectNode gone = MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
            gone.put("status", "Failure")
                    .put("code", 410)
                    .put("reason", "Expired")
                    .put("message", "too old");
            watch.events.add(event("ERROR", gone));
            return watch;
        }
        log.stream()
                .filter(event -> event.version > place && paths(event.path).contains(path))
                .forEach(event -> watch.events.add(event.text));
        watches(path).add(watch);
        notifyAll();
        return watch;
    }

    private static void tell(HttpExchange exchange, Watch watch) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            out.flush();
            for (String event = watch.events.take(); !event.equals(Watch.END); event = watch.events.take()) {
                out.write((event + "\n").getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // down
        }
    }

    void awaitWatch() throws InterruptedException {
        awaitWatch(NODES);
    }

    /** Waits until somebody watches: events before that reach nobody. */
    synchronized void awaitWatch(String path) throws InterruptedException {
        long end = System.nanoTime() + Told.LIMIT.toNanos();
        while (watches(path).isEmpty()) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("nobody watches " + path);
            }
            wait(left);
        }
    }

    private Reply list(String listed, @Nullable String limit, @Nullable String from) {
        String path = listed.equals(OLD_CLUSTER_POLICIES) ? CLUSTER_POLICIES : listed;
        ObjectNode list = MAPPER.createObjectNode().put("kind", "List").put("apiVersion", "v1");
        NavigableMap<String, ObjectNode> known = all(path);
        ObjectNode metadata = list.putObject("metadata").put("resourceVersion", Integer.toString(version));
        ArrayNode items = list.putArray("items");
        int most = limit == null ? Integer.MAX_VALUE : Integer.parseInt(limit);
        for (ObjectNode node : (from == null ? known : known.tailMap(from, false)).values()) {
            if (items.size() == most) {
                metadata.put("continue", key(items.get(most - 1)));
                break;
            }
            items.add(node);
        }
        return json(200, list);
    }

    private Reply create(String body) {
        try {
            JsonNode object = MAPPER.readTree(body);
            created.add(object);
            return json(201, object);
        } catch (JsonProcessingException e) {
            return status(400);
        }
    }

    /** A strategic merge patch as far as nodes need it: objects merge, conditions merge by their type. */
    private Reply patch(HttpExchange exchange, String body, String path) {
        if (!"application/strategic-merge-patch+json"
                        .equals(exchange.getRequestHeaders().getFirst("Content-Type"))
                || !path.endsWith("/status")) {
            return status(415);
        }
        String[] parts = path.split("/", -1);
        ObjectNode node = all(NODES).get(parts[parts.length - 2]);
        if (node == null) {
            return status(404);
        }
        try {
            JsonNode patch = MAPPER.readTree(body);
            patches.add(patch);
            ObjectNode annotations = node.withObject("/metadata").withObject("/annotations");
            patch.at("/metadata/annotations").properties().forEach(it -> annotations.set(it.getKey(), it.getValue()));
            ArrayNode conditions = node.withObject("/status").withArray("/conditions");
            for (JsonNode condition : patch.at("/status/conditions")) {
                conditions.removeIf(old -> old.get("type").equals(condition.get("type")));
                conditions.add(condition);
            }
        } catch (JsonProcessingException e) {
            return status(400);
        }
        put(node);
        return json(200, node);
    }

    private static @Nullable String parameter(String query, String name) {
        return Arrays.stream(query.split("&", -1))
                .filter(each -> each.startsWith(name + "="))
                .map(each -> URLDecoder.decode(each.substring(name.length() + 1), StandardCharsets.UTF_8))
                .findAny()
                .orElse(null);
    }

    private static Reply status(int code) {
        ObjectNode status = MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
        return json(code, status.put("status", "Failure").put("code", code).put("message", "made to fail"));
    }

    private static Reply json(int code, JsonNode body) {
        return new Reply(code, "application/json", body.toString());
    }
}
