package io.towpath.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.towpath.lab.Json;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Answers what is asked about objects, until it is ended. */
final class ApiRequests implements HttpHandler {
    private static final String NODES = Kind.NODE.path("v1");
    private static final String EVENTS = "/api/v1/namespaces/default/events";
    private static final String STATUS = "/status";
    private static final String METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    /** An API server sends one a minute; here, so that tests meet them. */
    private static final long BOOKMARK_MILLIS = 2000;

    private static final int BUFFER = 1 << 16;

    private final Map<Kind, ObjectStore> stores;
    private final ObjectStore nodes;
    private final Function<Kind, List<String>> served;
    private final Set<String> requests;
    private final Supplier<@Nullable String> token;
    private volatile boolean ended;

    /**
     * What is to be answered.
     *
     * @param served the versions in which a kind is served
     * @param token the one bearer token that is taken; null if none is asked for
     */
    ApiRequests(
            Map<Kind, ObjectStore> stores,
            Function<Kind, List<String>> served,
            Set<String> requests,
            Supplier<@Nullable String> token) {
        this.stores = stores;
        this.nodes = store(stores, Kind.NODE);
        this.served = served;
        this.requests = requests;
        this.token = token;
    }

    private static ObjectStore store(Map<Kind, ObjectStore> stores, Kind kind) {
        return Objects.requireNonNull(stores.get(kind));
    }

    /** Whoever watches is left without an end; the store's {@code wake} lets them notice. */
    void end() {
        ended = true;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String expected = token.get();
            if (expected != null
                    && !("Bearer " + expected)
                            .equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                refuse(exchange, 401, "Unauthorized", "Unauthorized");
                return;
            }
            if (exchange.getRequestHeaders().containsKey("Upgrade")) {
                refuse(exchange, 503, "ServiceUnavailable", "no web sockets here, as behind many a proxy");
                return;
            }
            String path = exchange.getRequestURI().getPath();
            Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
            String method = exchange.getRequestMethod();
            boolean watch = "true".equals(query.get("watch")) || "1".equals(query.get("watch"));
            Place place = method.equals("GET") ? listed(path) : null;
            if (place != null && !isServed(place)) {
                notFound(exchange);
            } else if (place != null) {
                requests.add((watch ? "watch " : "list ") + place.kind.plural);
                if (watch) {
                    watch(exchange, place, query);
                } else {
                    list(exchange, place, query);
                }
            } else if (method.equals("GET") && isForAll(path)) {
                discover(exchange, path);
            } else if (method.equals("GET") && path.startsWith(NODES + "/")) {
                requests.add("get nodes");
                get(exchange, path.substring(NODES.length() + 1));
            } else if (method.equals("PATCH") && path.startsWith(NODES + "/") && path.endsWith(STATUS)) {
                requests.add("patch nodes/status");
                patch(exchange, path.substring(NODES.length() + 1, path.length() - STATUS.length()));
            } else if (method.equals("POST") && path.equals(EVENTS)) {
                requests.add("create events");
                byte[] event = exchange.getRequestBody().readAllBytes();
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(201, event.length);
                exchange.getResponseBody().write(event);
            } else {
                requests.add(method.toLowerCase(java.util.Locale.ROOT) + " " + path);
                refuse(exchange, 403, "Forbidden", "forbidden: " + method + " " + path);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where objects are listed. */
    private record Place(Kind kind, String version) {
        String apiVersion() {
            return kind.apiVersion(version);
        }

        /** As it is in this version. */
        ObjectNode of(ObjectNode object) {
            return object.path("apiVersion").asText().equals(apiVersion())
                    ? object
                    : object.deepCopy().put("apiVersion", apiVersion());
        }
    }

    private boolean isServed(Place place) {
        return served.apply(place.kind).contains(place.version);
    }

    private static @Nullable Place listed(String path) {
        return Arrays.stream(Kind.values())
                .flatMap(kind -> kind.versions().stream().map(version -> new Place(kind, version)))
                .filter(place -> path.equals(place.kind.path(place.version)))
                .findAny()
                .orElse(null);
    }

    /** What the roles system:public-info-viewer and system:discovery allow to all that are known to the server. */
    private static boolean isForAll(String path) {
        return path.equals("/version") || path.equals("/apis") || path.startsWith("/apis/");
    }

    private void discover(HttpExchange exchange, String path) throws IOException {
        if (path.equals("/version")) {
            answer(exchange, 200, Json.object("{'major':'1','minor':'37','gitVersion':'v1.37.2'}"));
        } else if (path.equals("/apis")) {
            ObjectNode answer = Json.object("{'kind':'APIGroupList','apiVersion':'v1','groups':[{'name':'apps'}]}");
            customGroups()
                    .forEach(group ->
                            answer.withArrayProperty("groups").addObject().put("name", group));
            answer(exchange, 200, answer);
        } else if (customGroups().anyMatch(group -> path.equals("/apis/" + group))) {
            Kind kind = custom().filter(each -> path.equals("/apis/" + each.group))
                    .findFirst()
                    .orElseThrow();
            ObjectNode answer =
                    Json.object("{'kind':'APIGroup','apiVersion':'v1'}").put("name", kind.group);
            served.apply(kind)
                    .forEach(version -> answer.withArrayProperty("versions")
                            .addObject()
                            .put("groupVersion", kind.apiVersion(version))
                            .put("version", version));
            answer(exchange, 200, answer);
        } else {
            ObjectNode answer = Json.object("{'kind':'APIResourceList','apiVersion':'v1'}")
                    .put("groupVersion", path.substring("/apis/".length()));
            custom().filter(kind ->
                            served.apply(kind).stream().anyMatch(each -> path.equals("/apis/" + kind.apiVersion(each))))
                    .forEach(kind -> answer.withArrayProperty("resources")
                            .addObject()
                            .put("name", kind.plural)
                            .put("kind", kind.text));
            if (answer.has("resources")) {
                answer(exchange, 200, answer);
            } else {
                notFound(exchange);
            }
        }
    }

    /** The custom resources that are served. */
    private Stream<Kind> custom() {
        return Arrays.stream(Kind.values())
                .filter(kind -> kind == Kind.CLUSTER_NETWORK_POLICY || kind.isOfCalico())
                .filter(kind -> !served.apply(kind).isEmpty());
    }

    private Stream<String> customGroups() {
        return custom().map(kind -> kind.group).distinct();
    }

    private void list(HttpExchange exchange, Place place, Map<String, String> query) throws IOException {
        Kind kind = place.kind;
        ObjectStore.Snapshot snapshot = store(stores, kind).snapshot();
        int limit = Integer.parseInt(query.getOrDefault("limit", "0"));
        String last = query.getOrDefault("continue", "");
        List<ObjectNode> found = snapshot.objects().stream()
                .filter(object -> isSelected(object, query) && kind.key(object).compareTo(last) > 0)
                .toList();
        boolean more = limit > 0 && found.size() > limit;
        ObjectNode metadata = Json.object("{}").put("resourceVersion", String.valueOf(snapshot.revision()));
        if (more) {
            metadata.put("continue", kind.key(found.get(limit - 1)));
        }
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), BUFFER)) {
            String type = isOfMetadata(exchange)
                    ? "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\""
                    : "{\"kind\":\"" + kind.text + "List\",\"apiVersion\":\"" + place.apiVersion() + "\"";
            print(out, type + ",\"metadata\":" + metadata + ",\"items\":[");
            String comma = "";
            for (ObjectNode object : more ? found.subList(0, limit) : found) {
                print(out, comma + (isOfMetadata(exchange) ? metadata(object) : place.of(object)));
                comma = ",";
            }
            print(out, "]}\n");
        }
    }

    private static boolean isOfMetadata(HttpExchange exchange) {
        return METADATA.equals(exchange.getRequestHeaders().getFirst("Accept"));
    }

    private static ObjectNode metadata(ObjectNode object) {
        ObjectNode metadata = Json.object("{'kind':'PartialObjectMetadata','apiVersion':'meta.k8s.io/v1'}");
        metadata.set("metadata", object.path("metadata"));
        return metadata;
    }

    private void watch(HttpExchange exchange, Place place, Map<String, String> query)
            throws IOException, InterruptedException {
        Kind kind = place.kind;
        ObjectStore store = store(stores, kind);
        String from = query.getOrDefault("resourceVersion", "");
        boolean bookmarks = "true".equals(query.get("allowWatchBookmarks"));
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = new BufferedOutputStream(exchange.getResponseBody(), BUFFER);
        long revision;
        if (from.isEmpty() || from.equals("0")) {
            ObjectStore.Snapshot snapshot = store.snapshot();
            revision = snapshot.revision();
            for (ObjectNode object : snapshot.objects()) {
                if (isSelected(object, query)) {
                    event(out, "ADDED", place.of(object));
                }
            }
            if (bookmarks && "true".equals(query.get("sendInitialEvents"))) {
                event(out, "BOOKMARK", bookmark(place, revision, "{'k8s.io/initial-events-end':'true'}"));
            }
        } else {
            revision = Long.parseLong(from);
        }
        out.flush();
        long end = System.nanoTime() + Long.parseLong(query.getOrDefault("timeoutSeconds", "3600")) * 1_000_000_000L;
        while (!ended && isServed(place) && System.nanoTime() < end) {
            List<ObjectStore.Event> events = store.after(revision, BOOKMARK_MILLIS);
            if (events == null) {
                event(out, "ERROR", status(410, "Expired", "too old resource version: " + revision));
                break;
            }
            for (ObjectStore.Event each : events) {
                if (isSelected(each.object(), query)) {
                    event(out, each.type(), place.of(each.object()));
                }
                revision = each.revision();
            }
            if (events.isEmpty() && bookmarks) {
                event(out, "BOOKMARK", bookmark(place, revision, "{}"));
            }
            out.flush();
        }
        out.flush();
    }

    private static ObjectNode bookmark(Place place, long revision, String annotations) {
        return Json.object("{'kind':'" + place.kind.text + "','apiVersion':'" + place.apiVersion()
                + "','metadata':{'resourceVersion':'" + revision + "','annotations':" + annotations
                + "},'spec':{},'status':{}}");
    }

    private void get(HttpExchange exchange, String name) throws IOException {
        ObjectNode node = nodes.get(name);
        if (node == null) {
            refuse(exchange, 404, "NotFound", "nodes \"" + name + "\" not found");
        } else {
            answer(exchange, 200, node);
        }
    }

    /** Of a patch for the status, the spec stays as it was, and metadata is taken as an API server takes it. */
    private void patch(HttpExchange exchange, String name) throws IOException {
        JsonNode patch = Json.read(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
        if (nodes.get(name) == null) {
            refuse(exchange, 404, "NotFound", "nodes \"" + name + "\" not found");
            return;
        }
        ObjectNode result = nodes.edit(name, node -> {
            JsonNode spec = node.path("spec").deepCopy();
            Patches.apply(node, type.replaceFirst(";.*", ""), patch);
            node.set("spec", spec);
        });
        answer(exchange, 200, result);
    }

    private static void event(OutputStream out, String type, ObjectNode object) throws IOException {
        print(out, "{\"type\":\"" + type + "\",\"object\":" + object + "}\n");
    }

    /** As for a group that no custom resource has been installed of. */
    private static void notFound(HttpExchange exchange) throws IOException {
        byte[] body = "404 page not found\n".getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(404, body.length);
        exchange.getResponseBody().write(body);
    }

    private static void refuse(HttpExchange exchange, int code, String reason, String message) throws IOException {
        answer(exchange, code, status(code, reason, message));
    }

    private static ObjectNode status(int code, String reason, String message) {
        return Json.object("{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure'}")
                .put("message", message)
                .put("reason", reason)
                .put("code", code);
    }

    private static void answer(HttpExchange exchange, int code, ObjectNode json) throws IOException {
        byte[] body = json.toString().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(code, body.length);
        exchange.getResponseBody().write(body);
    }

    private static boolean isSelected(ObjectNode object, Map<String, String> query) {
        @Nullable String selector = query.get("fieldSelector");
        return selector == null
                || Arrays.stream(selector.split(",", -1))
                        .allMatch(each -> each.equals("metadata.name=" + text(object, "name"))
                                || each.equals("metadata.namespace=" + text(object, "namespace")));
    }

    private static String text(ObjectNode object, String field) {
        return object.path("metadata").path(field).asText();
    }

    private static void print(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> query(@Nullable String raw) {
        Map<String, String> values = new HashMap<>();
        if (raw != null) {
            for (String pair : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                values.put(
                        pair.substring(0, equals < 0 ? pair.length() : equals),
                        URLDecoder.decode(equals < 0 ? "" : pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return values;
    }
}
