package io.towpath.lab.kubernetes;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Looks again and again whether all nodes are Ready, from its construction until {@link #requireReady}. */
final class NodeWatch {
    private static final long PAUSE_NANOS = 300_000_000;

    private final Set<String> missing = new TreeSet<>();
    private final KubeCluster cluster;
    private final Thread thread;
    private volatile boolean ended;
    private int samples;
    private @Nullable AssertionError failure;

    NodeWatch(KubeCluster cluster) {
        this.cluster = cluster;
        thread = Thread.ofPlatform().daemon().name("node watch").start(this::look);
    }

    private void look() {
        try {
            while (!ended) {
                lookOnce();
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (AssertionError e) {
            failure = e;
        }
    }

    private void lookOnce() {
        List<String> names =
                new ArrayList<>(cluster.nodes().stream().map(KubeNode::name).toList());
        names.removeAll(cluster.readyNodes());
        missing.addAll(names);
        samples++;
    }

    /** Ends the watch; fails if a node was not Ready at some time. */
    void requireReady() throws InterruptedException {
        ended = true;
        thread.join();
        if (failure != null) {
            throw failure;
        }
        if (!missing.isEmpty()) {
            throw new AssertionError("not Ready meanwhile, in one of " + samples + " looks or more: " + missing);
        }
    }
}
