package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.Dispatcher;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.mockwebserver.http.Response;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
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
final class FakeApi extends Dispatcher implements AutoCloseable {
    static final JsonMapper MAPPER = new JsonMapper();

    static final String NODES = "/api/v1/nodes";
    static final String PODS = "/api/v1/pods";
    static final String NAMESPACES = "/api/v1/namespaces";
    static final String POLICIES = "/apis/networking.k8s.io/v1/networkpolicies";
    static final String CLUSTER_POLICIES = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies";

    /** What was asked: a verb, and what with. */
    record Asked(String what, @Nullable String token, String path) {}

    private record Event(int version, String path, String text) {}

    final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    final BlockingQueue<JsonNode> patches = new LinkedBlockingQueue<>();

    /** By the path of their list and {@code namespace/name}. */
    private final Map<String, NavigableMap<String, ObjectNode>> objects = new HashMap<>();

    private final Map<String, List<WebSocket>> watches = new HashMap<>();
    /** What happened, for watches that begin at a place in the past. */
    private final List<Event> log = new ArrayList<>();

    private final Set<String> absent = new HashSet<>();
    private final Set<String> refused = new HashSet<>();
    /** Writes to who watches: the server's own thread, which writes, may be waiting for this object's lock. */
    private final ExecutorService writer = Executors.newSingleThreadExecutor();

    private MockWebServer server;
    private int version = 1000;
    private int failWith;
    private int goneWatches;
    private int goneRequests;
    private int port;

    FakeApi() {
        server = listen(0);
        port = server.getPort();
    }

    private MockWebServer listen(int at) {
        MockWebServer listening = new MockWebServer();
        listening.setDispatcher(this);
        listening.start(at);
        return listening;
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

    private List<WebSocket> watches(String path) {
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

    /** Has nothing of a kind, as before a custom resource is installed; or has it from now on. */
    synchronized void absent(String path, boolean now) {
        if (now) {
            absent.add(path);
            disconnect();
        } else {
            absent.remove(path);
        }
    }

    /** Forbids a kind, as a role that does not name it; or allows it from now on. */
    synchronized void refuse(String path, boolean now) {
        if (now) {
            refused.add(path);
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
        watches(path(object)).forEach(watch -> writer.execute(() -> watch.send(event)));
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
        List<WebSocket> ended = watches.values().stream().flatMap(List::stream).toList();
        watches.clear();
        writer.execute(() -> ended.forEach(watch -> watch.close(1000, "bye")));
    }

    /** The next watches are told that their place is forgotten. */
    synchronized void forget(int times) {
        goneWatches = times;
        disconnect();
    }

    /** The next requests that name a place, a version or a page, are answered with 410. */
    synchronized void refusePlaces(int times) {
        goneRequests = times;
        disconnect();
    }

    /** Answers everything with a status; 0 for the truth. */
    synchronized void fail(int status) {
        failWith = status;
    }

    /** Stops listening. */
    void down() {
        disconnect();
        server.shutdown();
        synchronized (this) {
            watches.clear(); // those that came between
        }
    }

    /** Listens again, on the same port. */
    void up() {
        server = listen(port);
    }

    @Override
    public void close() {
        writer.shutdown();
        server.shutdown();
    }

    @Override
    public synchronized MockResponse dispatch(RecordedRequest request) {
        URI uri = URI.create(request.getPath());
        String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        boolean watch = query.contains("watch=true");
        String verb = request.getMethod().equals("GET") ? (watch ? "watch" : "list") : "patch";
        asked.add(new Asked(verb + " " + query, request.getHeader("Authorization"), uri.getPath()));
        if (failWith != 0) {
            return status(failWith);
        }
        if (goneRequests > 0 && (watch || query.contains("continue="))) {
            goneRequests--;
            return status(410);
        }
        if (refused.contains(uri.getPath())) {
            return status(403);
        }
        if (absent.contains(uri.getPath())) {
            return new MockResponse().setResponseCode(404).setBody("404 page not found\n");
        }
        return switch (verb) {
            case "watch" -> watch(uri.getPath(), parameter(query, "resourceVersion"));
            case "list" -> list(uri.getPath(), parameter(query, "limit"), parameter(query, "continue"));
            default -> patch(request, uri.getPath());
        };
    }

    private MockResponse watch(String path, @Nullable String from) {
        if (goneWatches > 0) {
            goneWatches--;
            return new MockResponse().withWebSocketUpgrade(new WebSocketListener() {
                @Override
                public void onOpen(WebSocket socket, Response response) {
                    ObjectNode gone =
                            MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
                    gone.put("status", "Failure")
                            .put("code", 410)
                            .put("reason", "Expired")
                            .put("message", "too old");
                    socket.send(MAPPER.createObjectNode()
                            .put("type", "ERROR")
                            .set("object", gone)
                            .toString());
                }
            });
        }
        return new MockResponse().withWebSocketUpgrade(new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, Response response) {
                synchronized (FakeApi.this) {
                    int place = from == null ? version : Integer.parseInt(from);
                    log.stream()
                            .filter(event -> event.version > place && event.path.equals(path))
                            .forEach(event -> writer.execute(() -> socket.send(event.text)));
                    watches(path).add(socket);
                    FakeApi.this.notifyAll();
                }
            }

            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                synchronized (FakeApi.this) {
                    watches(path).remove(socket);
                }
                socket.close(code, reason);
            }
        });
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

    private MockResponse list(String path, @Nullable String limit, @Nullable String from) {
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

    /** A strategic merge patch as far as nodes need it: objects merge, conditions merge by their type. */
    private MockResponse patch(RecordedRequest request, String path) {
        if (!"application/strategic-merge-patch+json".equals(request.getHeader("Content-Type"))
                || !path.endsWith("/status")) {
            return status(415);
        }
        String[] parts = path.split("/", -1);
        ObjectNode node = all(NODES).get(parts[parts.length - 2]);
        if (node == null) {
            return status(404);
        }
        try {
            JsonNode patch = MAPPER.readTree(request.getUtf8Body());
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

    private static MockResponse status(int code) {
        ObjectNode status = MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
        return json(code, status.put("status", "Failure").put("code", code).put("message", "made to fail"));
    }

    private static MockResponse json(int code, JsonNode body) {
        return new MockResponse()
                .setResponseCode(code)
                .addHeader("Content-Type", "application/json")
                .setBody(body.toString());
    }
}
