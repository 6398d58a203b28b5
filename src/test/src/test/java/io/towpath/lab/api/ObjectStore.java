package io.towpath.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The objects of a kind, and the log of what happened to them, with the versions that watchers count by. */
final class ObjectStore {
    private static final int LOG_LENGTH = 20_000;

    private final Kind kind;
    private final TreeMap<String, ObjectNode> objects = new TreeMap<>();
    private final Deque<Event> log = new ArrayDeque<>();
    private final AtomicLong revisions;
    private long revision;
    private long forgotten;
    private int wakes;

    /** @param revisions the newest of all kinds, as in an etcd that has them all */
    ObjectStore(Kind kind, AtomicLong revisions) {
        this.kind = kind;
        this.revisions = revisions;
        revision = revisions.get();
        forgotten = revision;
    }

    /**
     * What happened to an object.
     *
     * @param object as it was after that; not to be changed
     */
    record Event(long revision, String type, ObjectNode object) {}

    /** All objects at one time; none of them is to be changed. */
    record Snapshot(long revision, List<ObjectNode> objects) {}

    synchronized Snapshot snapshot() {
        return new Snapshot(revision, List.copyOf(objects.values()));
    }

    /** The object, not to be changed. */
    synchronized @Nullable ObjectNode get(String key) {
        return objects.get(key);
    }

    synchronized void add(ObjectNode object) {
        String key = kind.key(object);
        if (objects.containsKey(key)) {
            throw new IllegalArgumentException("there is a " + kind.text + " " + key);
        }
        tell("ADDED", key, object);
    }

    /** Adds it, or puts it into the place of the one of its name, of which it takes over the UID. */
    synchronized void put(ObjectNode object) {
        String key = kind.key(object);
        ObjectNode before = objects.get(key);
        ObjectNode metadata = object.withObjectProperty("metadata");
        if (!metadata.has("uid")) {
            String uid = before == null
                    ? UUID.randomUUID().toString()
                    : before.at("/metadata/uid").asText();
            metadata.put("uid", uid);
        }
        if (before != null) {
            metadata.set("resourceVersion", before.at("/metadata/resourceVersion"));
            if (object.equals(before)) {
                return;
            }
        }
        tell(before == null ? "ADDED" : "MODIFIED", key, object);
    }

    /** Changes a copy of the object, which takes its place. */
    synchronized ObjectNode edit(String key, Consumer<ObjectNode> change) {
        ObjectNode before = known(key);
        ObjectNode object = before.deepCopy();
        change.accept(object);
        if (object.equals(before)) {
            return before; // as the real one: nothing to write, nobody is told
        }
        tell("MODIFIED", key, object);
        return object;
    }

    synchronized void delete(String key) {
        tell("DELETED", key, known(key).deepCopy());
        objects.remove(key);
    }

    synchronized void deleteAll() {
        List.copyOf(objects.keySet()).forEach(this::delete);
    }

    private ObjectNode known(String key) {
        ObjectNode object = objects.get(key);
        if (object == null) {
            throw new IllegalArgumentException("no " + kind.text + " " + key);
        }
        return object;
    }

    private void tell(String type, String key, ObjectNode object) {
        revision = revisions.incrementAndGet();
        ObjectNode metadata = object.withObjectProperty("metadata").put("resourceVersion", String.valueOf(revision));
        if (!metadata.has("uid")) {
            metadata.put("uid", UUID.randomUUID().toString());
        }
        objects.put(key, object);
        log.add(new Event(revision, type, object));
        if (log.size() > LOG_LENGTH) {
            forgotten = log.remove().revision();
        }
        notifyAll();
    }

    /** Forgets all that happened: watchers that come back have to list anew. */
    synchronized void compact() {
        log.clear();
        revision = revisions.incrementAndGet();
        forgotten = revision;
        notifyAll();
    }

    /** Wakes all that wait. */
    synchronized void wake() {
        wakes++;
        notifyAll();
    }

    synchronized long revision() {
        return revision;
    }

    /**
     * What happened after a revision; waits for it for at most so many milliseconds or until woken, then the list is empty.
     *
     * @return null if it is no longer known
     */
    synchronized @Nullable List<Event> after(long from, long millis) throws InterruptedException {
        if (from < forgotten) {
            return null;
        }
        long end = System.nanoTime() + millis * 1_000_000;
        int before = wakes;
        for (long left = millis; from >= revision && wakes == before && left > 0; ) {
            wait(left);
            left = (end - System.nanoTime()) / 1_000_000;
        }
        if (from < forgotten) {
            return null;
        }
        List<Event> events = new ArrayList<>();
        for (Event event : (Iterable<Event>) log::descendingIterator) {
            if (event.revision() <= from) {
                break;
            }
            events.add(event);
        }
        return events.reversed();
    }
}
