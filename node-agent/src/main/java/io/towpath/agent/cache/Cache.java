package io.towpath.agent.cache;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.net.IpPrefix;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The folder with what is kept on disk, and the thread that writes there: nobody waits for a disk. That something cannot be written is
 * told, and keeps nothing else from being done.
 */
public final class Cache implements AutoCloseable {
    /** Where it is on a node that was configured by nobody. */
    public static final String DEFAULT_FOLDER = "/var/lib/towpath";

    /** How far apart a file is written at least: with thousands of pods that come and go it is some megabytes each time. */
    private static final Duration GAP = Duration.ofSeconds(30);

    private static final long LONGEST_END_SECONDS = 2;

    private final Path folder;
    private final String node;
    private final Supplier<List<IpPrefix>> networks;
    private final Duration gap;
    private final Log log;
    private final ScheduledThreadPoolExecutor thread;
    private final List<CachedFile> files = new ArrayList<>();
    private final Map<String, String> problems = new TreeMap<>();

    /**
     * A cache, which does nothing yet.
     *
     * @param folder made when something is written
     * @param node this node's name
     * @param networks tells the pods' network, none while it is not known; what is of another node or network is not used
     */
    public Cache(Path folder, String node, Supplier<List<IpPrefix>> networks, Log log) {
        this(folder, node, networks, log, GAP);
    }

    Cache(Path folder, String node, Supplier<List<IpPrefix>> networks, Log log, Duration gap) {
        this.folder = folder;
        this.node = node;
        this.networks = networks;
        this.gap = gap;
        this.log = log;
        thread = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("cache").factory());
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    String node() {
        return node;
    }

    Log log() {
        return log;
    }

    /**
     * A file of the folder.
     *
     * @param kind what it is, with a version
     */
    CachedFile file(String name, String kind) {
        CachedFile file = new CachedFile(this, folder.resolve(name), "towpath " + kind, gap);
        synchronized (files) {
            files.add(file);
        }
        return file;
    }

    /** Whose a file is that is written now. */
    String owner() {
        return "node " + node + " network "
                + networks.get().stream().map(IpPrefix::toString).collect(Collectors.joining(","));
    }

    /** Has the cache's thread do something; nothing after the end. */
    void run(Runnable task, Duration wait) {
        try {
            var _ = thread.schedule(Uncaught.telling(task), wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    /** Takes how it is about a file: a line, or null when all is well. */
    void tell(Path file, @Nullable String problem) {
        String name = file.toString();
        log.problem("file " + name, problem);
        synchronized (problems) {
            if (problem == null) {
                problems.remove(name);
            } else {
                problems.put(name, name + ": " + problem);
            }
        }
    }

    /** Why what is known cannot be kept; null if it can. */
    public @Nullable String problem() {
        synchronized (problems) {
            return problems.isEmpty() ? null : problems.values().iterator().next();
        }
    }

    /** Writes what is not written yet, for two seconds at most. */
    @Override
    public void close() {
        synchronized (files) {
            files.forEach(file -> run(file::writeNow, Duration.ZERO));
        }
        thread.shutdown();
        try {
            var _ = thread.awaitTermination(LONGEST_END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
