package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
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
    static final String GROUPS = "/apis";
    static final String GROUP = "/apis/policy.networking.k8s.io";
    static final String CLUSTER_POLICIES = GROUP + "/v1beta1/clusternetworkpolicies";
    static final String OLD_CLUSTER_POLICIES = GROUP + "/v1alpha2/clusternetworkpolicies";
    /** Where Calico's own kinds are. */
    static final String CALICO = "/apis/crd.projectcalico.org/v1";
    /** Where Calico's API server, or its newer custom resources, have them. */
    static final String NEW_CALICO = "/apis/projectcalico.org/v3";

    static final String VERSION = "/version";

    /** What is made of a question for objects as initial events of a watch. */
    enum Streaming {
        /** They are told, and then that these are all. */
        SERVED,
        /** It is refused, as by a server where they are switched off. */
        REFUSED,
        /** They are told by a server that does not know the question. */
        UNKNOWN,
        /** They are told, and then the server says nothing. */
        WITHOUT_END,
        /** Half of them are told, and then the watch ends. */
        CUT
    }

    /** What was asked: a verb, and what with. */
    record Asked(String what, @Nullable String token, String path) {}

    final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    final BlockingQueue<JsonNode> created = new LinkedBlockingQueue<>();
    final BlockingQueue<JsonNode> patches = new LinkedBlockingQueue<>();

    private final FakeObjects objects = new FakeObjects();
    private final FakeWatches watches = new FakeWatches();
    private final FakeDiscovery discovery = new FakeDiscovery();
    private final Set<String> absent = new HashSet<>();
    private final Map<String, Integer> refused = new HashMap<>();
    private final Map<String, String> lies = new HashMap<>();
    private final FakeCalico calico = new FakeCalico();

    private HttpServer server;
    private ExecutorService threads;
    private int failWith;
    private int goneRequests;
    private int retryAfter;
    private boolean hangsUp;
    private @Nullable String hangsUpOnceAt;
    private long late;
    private Streaming streaming = Streaming.REFUSED;
    private final int port;

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

    /** Adds or changes an object and tells who watches. */
    synchronized void put(ObjectNode object) {
        happened(objects.put(object), object);
    }

    synchronized void delete(ObjectNode object) {
        ObjectNode known = objects.remove(object);
        if (known != null) {
            objects.changed(known);
            happened("DELETED", known);
        }
    }

    /** Deletes a node. */
    synchronized void delete(String name) {
        ObjectNode node = objects.node(name);
        if (node != null) {
            delete(node);
        }
    }

    /** Deletes a node while nobody is told: what happens while a watch is broken. */
    synchronized void deleteUnseen(String name) {
        deleteUnseen(node(name));
    }

    synchronized void deleteUnseen(ObjectNode object) {
        var _ = objects.remove(object);
        objects.newVersion();
    }

    /** A snapshot of its etcd. */
    synchronized FakeObjects.Saved save() {
        return objects.saved();
    }

    /** Its etcd is restored from a snapshot; it tells nobody, and ends all watches. */
    synchronized void restore(FakeObjects.Saved snapshot) {
        objects.goBack(snapshot);
        watches.goBack(snapshot.version());
        disconnect();
    }

    /** So much happens that nobody asks for. */
    synchronized void pass(int versions) {
        for (int i = 0; i < versions; i++) {
            objects.newVersion();
        }
    }

    synchronized ObjectNode node(String name) {
        ObjectNode node = objects.node(name);
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
        discovery.serve(versions);
        disconnect();
    }

    /** Which versions of their group there are with other kinds alone. */
    void serveOthers(String... versions) {
        discovery.serveOthers(versions);
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

    /** Answers a path but for its watches with something else; null for the truth. */
    synchronized void lie(String path, @Nullable String answer) {
        if (answer == null) {
            lies.remove(path);
        } else {
            lies.put(path, answer);
        }
    }

    /** What there is at the paths of Calico's kinds. */
    FakeCalico calico() {
        return calico;
    }

    /** Tells who watches at a path, and who will, of whatever it is: until that is {@linkplain #forget forgotten}. */
    synchronized void tellAt(String path, String type, ObjectNode object) {
        watches.happened(objects.newVersion(), path, type, object);
    }

    private void happened(String type, ObjectNode object) {
        watches.happened(objects.version(), FakeObjects.path(object), type, object);
    }

    /** Sends an event to who watches. */
    void emit(String type, JsonNode object) {
        watches.emit(FakeObjects.path(object), type, object);
    }

    synchronized void bookmark() {
        bookmark(NODES);
    }

    /** Tells who watches at a path of a version that is reached by something else. */
    synchronized void bookmark(String path) {
        objects.newVersion();
        watches.emit(path, "BOOKMARK", objects.bookmark(path));
    }

    /** Ends all watches, as a proxy or a restarting server does. */
    void disconnect() {
        watches.end();
    }

    /** Each watch is told of an error as soon as it stands; 0 for none. */
    void endWatchesWith(int code) {
        watches.endWith(code);
    }

    /** The next watch of a single object ends at once, as by a server that ends. */
    void endNextQuestion() {
        watches.endNextForOne();
    }

    /** Forgets what happened: watches from a place before now are told so. */
    synchronized void forget() {
        watches.forget(objects.newVersion());
        disconnect();
    }

    /** The next requests that name a place, a version or a page, are answered with 410. */
    synchronized void refusePlaces(int times) {
        goneRequests = times;
        disconnect();
    }

    synchronized void stream(Streaming now) {
        streaming = now;
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

    /** Takes the next question at a path and breaks its connection. */
    synchronized void hangUpOnce(String path) {
        hangsUpOnceAt = path;
    }

    /** Answers each question so much later. */
    synchronized void slow(Duration by) {
        late = by.toNanos();
    }

    /** Stops listening, and breaks all connections. */
    void down() {
        server.stop(0);
        threads.shutdownNow();
        watches.clear();
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
            FakeWatches.Watch watching = null;
            FakeReply reply;
            synchronized (this) {
                if (uri.getPath().equals(hangsUpOnceAt)) {
                    hangsUpOnceAt = null;
                    return;
                }
                reply = answer(exchange, body, uri.getPath(), query, watch);
                if (hangsUp) {
                    return;
                }
                if (reply == null) {
                    String from = parameter(query, "resourceVersion");
                    int place = from == null ? objects.version() : Integer.parseInt(from);
                    String selector = parameter(query, "fieldSelector");
                    watching = selector == null
                            ? watches.begin(uri.getPath(), place)
                            : watches.beginForOne(uri.getPath(), place, selector, seconds(query));
                    if (isForInitialEvents(query)) {
                        watching.begin(objects.all(uri.getPath()), objects.bookmark(uri.getPath()), streaming);
                    }
                }
            }
            LockSupport.parkNanos(lateness());
            if (watching != null) {
                watching.tell(exchange);
            } else if (reply != null) {
                if (reply.code() == failWith && retryAfter > 0) {
                    exchange.getResponseHeaders().set("Retry-After", String.valueOf(retryAfter));
                }
                reply.send(exchange);
            }
        }
    }

    private synchronized long lateness() {
        return late;
    }

    private static String verb(String method, String path, boolean watch) {
        if (!method.equals("GET")) {
            return method.equals("POST") ? "create" : "patch";
        }
        if (FakeCalico.has(path)) {
            return path.substring(1).split("/", -1).length > 3 ? "list" : "get";
        }
        return (path.startsWith("/api") && !path.equals(GROUPS) && !path.startsWith(GROUP))
                        || path.endsWith("clusternetworkpolicies")
                ? (watch ? "watch" : "list")
                : "get";
    }

    /** Null for a watch. */
    private @Nullable FakeReply answer(HttpExchange exchange, byte[] body, String path, String query, boolean watch) {
        String verb = verb(exchange.getRequestMethod(), path, watch);
        asked.add(new Asked(verb + " " + query, exchange.getRequestHeaders().getFirst("Authorization"), path));
        if (failWith != 0) {
            return FakeReply.status(failWith);
        }
        if (goneRequests > 0 && (watch || query.contains("continue="))) {
            goneRequests--;
            return FakeReply.status(410);
        }
        if (isForInitialEvents(query) && streaming == Streaming.REFUSED) {
            return FakeReply.status(422);
        }
        Integer refusal = refused.get(path);
        if (refusal != null) {
            return FakeReply.status(refusal);
        }
        String lie = lies.get(path);
        if (lie != null && !watch) {
            return new FakeReply(200, "application/json", lie);
        }
        if (absent.contains(path)) {
            return FakeReply.notFound();
        }
        if (path.equals(GROUPS)) {
            return discovery.groups(calico.groups());
        }
        if (FakeCalico.has(path)) {
            return calico.answer(path, parameter(query, "limit"), parameter(query, "continue"));
        }
        return switch (verb) {
            case "get" -> discovery.answer(path);
            case "create" -> create(new String(body, StandardCharsets.UTF_8));
            case "patch" -> patch(exchange, new String(body, StandardCharsets.UTF_8), path);
            default ->
                !discovery.serves(path)
                        ? FakeReply.notFound()
                        : watch
                                ? null
                                : FakeReply.json(
                                        200,
                                        objects.list(path, parameter(query, "limit"), parameter(query, "continue")));
        };
    }

    private static boolean isForInitialEvents(String query) {
        return query.contains("watch=true")
                && query.contains("allowWatchBookmarks=true")
                && query.contains("sendInitialEvents=true")
                && query.contains("resourceVersionMatch=NotOlderThan");
    }

    void awaitWatch() throws InterruptedException {
        awaitWatch(NODES);
    }

    /** Waits until somebody watches: events before that reach nobody. */
    void awaitWatch(String path) throws InterruptedException {
        watches.await(path);
    }

    private FakeReply create(String body) {
        try {
            JsonNode object = MAPPER.readTree(body);
            created.add(object);
            return FakeReply.json(201, object);
        } catch (JsonProcessingException e) {
            return FakeReply.status(400);
        }
    }

    private FakeReply patch(HttpExchange exchange, String body, String path) {
        if (!"application/strategic-merge-patch+json"
                        .equals(exchange.getRequestHeaders().getFirst("Content-Type"))
                || !path.endsWith("/status")) {
            return FakeReply.status(415);
        }
        String[] parts = path.split("/", -1);
        ObjectNode node = objects.node(parts[parts.length - 2]);
        if (node == null) {
            return FakeReply.status(404);
        }
        try {
            JsonNode patch = MAPPER.readTree(body);
            patches.add(patch);
            FakeObjects.merge(node, patch);
        } catch (JsonProcessingException e) {
            return FakeReply.status(400);
        }
        put(node);
        return FakeReply.json(200, node);
    }

    private static int seconds(String query) {
        String seconds = parameter(query, "timeoutSeconds");
        return seconds == null ? 0 : Integer.parseInt(seconds);
    }

    private static @Nullable String parameter(String query, String name) {
        return Arrays.stream(query.split("&", -1))
                .filter(each -> each.startsWith(name + "="))
                .map(each -> URLDecoder.decode(each.substring(name.length() + 1), StandardCharsets.UTF_8))
                .findAny()
                .orElse(null);
    }
}
