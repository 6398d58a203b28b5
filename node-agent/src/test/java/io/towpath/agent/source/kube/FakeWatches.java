package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Who watches a {@link FakeApi}, by the path of a list, and what happened before they came. */
final class FakeWatches {
    private static final Duration FOREVER = Duration.ofDays(1);

    private final Map<String, List<Watch>> watches = new HashMap<>();
    /** For watches that begin at a place in the past. */
    private final List<Event> log = new ArrayList<>();

    private int forgotten;
    private int endsWith;
    private boolean endsNextForOne;

    /** @param selector of fields that selects the one object */
    private record Event(int version, String path, String selector, String text) {}

    /** What somebody who watches is to be told. */
    static final class Watch {
        private static final String END = "";

        private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        private final Duration silence;

        /** @param silence for which it goes on */
        Watch(Duration silence) {
            this.silence = silence;
        }

        /** Begins with what there is. */
        void begin(List<ObjectNode> objects, ObjectNode bookmark, FakeApi.Streaming how) {
            int told = how == FakeApi.Streaming.CUT ? objects.size() / 2 : objects.size();
            objects.subList(0, told).forEach(object -> events.add(text("ADDED", object)));
            switch (how) {
                case SERVED -> {
                    bookmark.withObject("/metadata/annotations").put("k8s.io/initial-events-end", "true");
                    events.add(text("BOOKMARK", bookmark));
                }
                case UNKNOWN -> events.add(text("BOOKMARK", bookmark));
                case CUT -> events.add(END);
                case WITHOUT_END, REFUSED -> {}
            }
        }

        private String next() throws InterruptedException {
            String next = events.poll(silence.toNanos(), TimeUnit.NANOSECONDS);
            return next == null ? END : next;
        }

        /** Tells it, until the watch ends. */
        void tell(HttpExchange exchange) throws IOException {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                out.flush();
                for (String event = next(); !event.equals(END); event = next()) {
                    out.write((event + "\n").getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt(); // down
            }
        }
    }

    private List<Watch> at(String path) {
        return watches.computeIfAbsent(path, _ -> new ArrayList<>());
    }

    /** Tells of a change that makes a version, now and later. */
    synchronized void happened(int version, String path, String type, ObjectNode object) {
        log.add(new Event(version, path, selector(object.path("metadata")), text(type, object)));
        emit(path, type, object);
    }

    /** Sends an event to who watches now. */
    synchronized void emit(String path, String type, JsonNode object) {
        String event = text(type, object);
        paths(path).forEach(each -> at(each).forEach(watch -> watch.events.add(as(each, event))));
    }

    /** Objects are told of in each version that they are served in. */
    private static List<String> paths(String path) {
        return path.equals(FakeApi.CLUSTER_POLICIES)
                ? List.of(FakeApi.CLUSTER_POLICIES, FakeApi.OLD_CLUSTER_POLICIES)
                : List.of(path);
    }

    /** In the version of the path that is watched. */
    private static String as(String path, String event) {
        return path.equals(FakeApi.OLD_CLUSTER_POLICIES)
                ? event.replace("policy.networking.k8s.io/v1beta1", "policy.networking.k8s.io/v1alpha2")
                : event;
    }

    private static String selector(JsonNode metadata) {
        String namespace = metadata.path("namespace").asText();
        return (namespace.isEmpty() ? "" : "metadata.namespace=" + namespace + ",") + "metadata.name="
                + metadata.path("name").asText();
    }

    private static String text(String type, JsonNode object) {
        return FakeApi.MAPPER
                .createObjectNode()
                .put("type", type)
                .set("object", object)
                .toString();
    }

    /** Ends all. */
    synchronized void end() {
        watches.values().forEach(all -> all.forEach(watch -> watch.events.add(Watch.END)));
        watches.clear();
    }

    /** Takes it that all have ended. */
    synchronized void clear() {
        watches.clear();
    }

    /** As if what happened since a version never had. */
    synchronized void goBack(int to) {
        log.removeIf(event -> event.version > to);
    }

    /** Watches from a place before this version are told from now on that it is gone. */
    synchronized void forget(int version) {
        forgotten = version;
    }

    /** Each watch is told of an error as soon as it stands, and ended; 0 for none. */
    synchronized void endWith(int code) {
        endsWith = code;
        end();
    }

    /** The next one of a single object ends before it has told anything. */
    synchronized void endNextForOne() {
        endsNextForOne = true;
    }

    /** Begins one, from a place on. */
    synchronized Watch begin(String path, int place) {
        return begin(path, place, new Watch(FOREVER));
    }

    /** Begins one of a single object, which is told what was before and ends with a silence of so many seconds. */
    synchronized Watch beginForOne(String path, int place, String selector, int seconds) {
        Watch watch = new Watch(Duration.ofSeconds(seconds));
        if (place < forgotten) {
            return begin(path, place, watch);
        }
        if (endsNextForOne) {
            endsNextForOne = false;
            watch.events.add(Watch.END);
            return watch;
        }
        log.stream()
                .filter(event -> event.version > place && event.path.equals(path) && event.selector.equals(selector))
                .forEach(event -> watch.events.add(event.text));
        return watch;
    }

    private Watch begin(String path, int place, Watch watch) {
        if (endsWith != 0) {
            ObjectNode error =
                    FakeApi.MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
            watch.events.add(text("ERROR", error.put("code", endsWith).put("message", "made to fail")));
            watch.events.add(Watch.END);
            return watch;
        }
        if (place < forgotten) {
            ObjectNode gone =
                    FakeApi.MAPPER.createObjectNode().put("kind", "Status").put("apiVersion", "v1");
            gone.put("status", "Failure")
                    .put("code", 410)
                    .put("reason", "Expired")
                    .put("message", "too old");
            watch.events.add(text("ERROR", gone));
            return watch;
        }
        log.stream()
                .filter(event -> event.version > place && paths(event.path).contains(path))
                .forEach(event -> watch.events.add(as(path, event.text)));
        at(path).add(watch);
        notifyAll();
        return watch;
    }

    /** Waits until somebody watches. */
    synchronized void await(String path) throws InterruptedException {
        long end = System.nanoTime() + Told.LIMIT.toNanos();
        while (at(path).isEmpty()) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("nobody watches " + path);
            }
            wait(left);
        }
    }
}
