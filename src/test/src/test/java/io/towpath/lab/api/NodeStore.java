package io.towpath.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Node objects and the log of what happened to them, with the versions that watchers count by. */
final class NodeStore {
    private static final int LOG_LENGTH = 20_000;

    private final TreeMap<String, ObjectNode> nodes = new TreeMap<>();
    private final Deque<Event> log = new ArrayDeque<>();
    private long revision = 1000;
    private long forgotten = revision;
    private int wakes;

    /**
     * What happened to a node.
     *
     * @param object the node as it was after that; not to be changed
     */
    record Event(long revision, String type, ObjectNode object) {}

    /** All nodes at one time; none of them is to be changed. */
    record Snapshot(long revision, List<ObjectNode> nodes) {}

    synchronized Snapshot snapshot() {
        return new Snapshot(revision, List.copyOf(nodes.values()));
    }

    /** The node, not to be changed. */
    synchronized @Nullable ObjectNode get(String name) {
        return nodes.get(name);
    }

    synchronized void add(ObjectNode node) {
        String name = node.path("metadata").path("name").asText();
        if (nodes.containsKey(name)) {
            throw new IllegalArgumentException("there is a node " + name);
        }
        tell("ADDED", name, node);
    }

    /** Changes a copy of the node, which takes its place. */
    synchronized ObjectNode edit(String name, Consumer<ObjectNode> change) {
        ObjectNode before = nodes.get(name);
        if (before == null) {
            throw new IllegalArgumentException("no node " + name);
        }
        ObjectNode node = before.deepCopy();
        change.accept(node);
        if (node.equals(before)) {
            return before; // as the real one: nothing to write, nobody is told
        }
        tell("MODIFIED", name, node);
        return node;
    }

    synchronized void delete(String name) {
        ObjectNode node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("no node " + name);
        }
        tell("DELETED", name, node.deepCopy());
        nodes.remove(name);
    }

    private void tell(String type, String name, ObjectNode node) {
        revision++;
        node.withObjectProperty("metadata").put("resourceVersion", String.valueOf(revision));
        nodes.put(name, node);
        log.add(new Event(revision, type, node));
        if (log.size() > LOG_LENGTH) {
            forgotten = log.remove().revision();
        }
        notifyAll();
    }

    /** Forgets all that happened: watchers that come back have to list anew. */
    synchronized void compact() {
        log.clear();
        revision++;
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
