package io.towpath.agent.source.kube;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a source told, in order. */
final class Told implements ClusterSource.Listener {
    /** For a wait that ends at once unless something is broken. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String WELL = "";

    final BlockingQueue<ClusterFacts.Live> clusters = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> troubles = new LinkedBlockingQueue<>();

    @Override
    public void cluster(ClusterFacts facts) {
        clusters.add((ClusterFacts.Live) facts);
    }

    @Override
    public void trouble(@Nullable String message) {
        troubles.add(message == null ? WELL : message);
    }

    /** The next cluster. */
    ClusterFacts.Live next() throws InterruptedException {
        return next(_ -> true);
    }

    /** The next cluster of the kind; those before it are passed over. */
    ClusterFacts.Live next(Predicate<ClusterFacts.Live> wanted) throws InterruptedException {
        return await(clusters, wanted);
    }

    /** The next cluster with just these nodes in it. */
    ClusterFacts.Live withNodes(String... names) throws InterruptedException {
        return next(facts -> names(facts).equals(List.of(names)));
    }

    /** Waits for a trouble that says something; all of it. */
    String troubled(String part) throws InterruptedException {
        return await(troubles, message -> message.contains(part));
    }

    /** How often it was told of trouble, and that it is over, and nobody has asked. */
    int changes() {
        return troubles.size();
    }

    /** Waits until all is well again. */
    void well() throws InterruptedException {
        await(troubles, WELL::equals);
    }

    static List<String> names(ClusterFacts.Live facts) {
        return facts.cluster().nodes().stream()
                .map(node -> node.name())
                .sorted()
                .toList();
    }

    private <T> T await(BlockingQueue<T> queue, Predicate<T> wanted) throws InterruptedException {
        return await(queue, wanted, troubles);
    }

    /** The next of a queue of the kind; those before it are passed over. If none comes, the troubles are told. */
    static <T> T await(BlockingQueue<T> queue, Predicate<T> wanted, BlockingQueue<String> troubles)
            throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            T next = queue.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                throw new AssertionError("was not told; troubles: " + troubles);
            }
            if (wanted.test(next)) {
                return next;
            }
        }
    }
}
