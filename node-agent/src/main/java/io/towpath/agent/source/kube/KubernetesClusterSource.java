package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.OwnNode;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The cluster as the Kubernetes API tells it: all nodes are listed and watched, and what flannel's annotations say of them is
 * told as a {@link ClusterFacts.Live}. Nothing is told before the list is whole, nor when the API goes away; a watch that
 * is lost is taken up where it was, and when the API has forgotten that place (410 Gone) the list is read again.
 */
public final class KubernetesClusterSource implements ClusterSource {
    /** Nodes of one answer to a list: few megabytes. */
    private static final long PAGE = 500;

    private final KubeSettings settings;
    private final Timing timing;
    private final NodeStore store;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("kubernetes").factory());

    private final AtomicBoolean telling = new AtomicBoolean();
    private final NodePublisher publisher;

    private volatile boolean listed;
    private volatile @Nullable ApiClient client;
    private volatile @Nullable SharedIndexInformer<KubeNode> informer;
    private volatile @Nullable String lastFailure;

    // Of the thread alone.
    private @Nullable Listener listener;
    private ClusterFacts.@Nullable Live told;
    private @Nullable OwnNode published;
    private @Nullable String watchTrouble;
    private @Nullable String publishTrouble;
    private @Nullable String toldTrouble;
    private int looksWithoutWatch;
    private int failedOpenings;

    /** A source; nothing is asked before {@link #start}. */
    public KubernetesClusterSource(KubeSettings settings) {
        this(settings, Timing.USUAL, Clock.systemUTC());
    }

    KubernetesClusterSource(KubeSettings settings, Timing timing, Clock clock) {
        this.settings = settings;
        this.timing = timing;
        this.publisher = new NodePublisher(settings, timing, clock, this::api, this::publishing);
        NodeReader reader = new NodeReader(settings.node(), settings.conf(), settings.names());
        this.store = new NodeStore(reader, settings.node(), this::changed, publisher::saw);
    }

    @Override
    public String name() {
        return "kubernetes";
    }

    @Override
    public void start(Listener to) {
        run(() -> {
            listener = to;
            open();
            run(this::look, timing.look());
        });
    }

    @Override
    public void publish(OwnNode own) {
        run(() -> {
            if (published != null && !published.addresses().equals(own.addresses())) {
                reopen();
            }
            published = own;
            publisher.want(own);
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
        publisher.close();
        SharedIndexInformer<KubeNode> following = informer;
        if (following != null) {
            following.stop();
        }
        ApiClient opened = client;
        if (opened != null) {
            opened.close();
        }
        try {
            // A listener that is being told returns soon.
            thread.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable KubernetesClient api() {
        ApiClient opened = client;
        return opened == null ? null : opened.kubernetes();
    }

    /** Opens the client and begins to list and watch. A kubeconfig or a token that is wrong or missing may be there later. */
    private void open() {
        ApiClient opened;
        try {
            opened = new ApiClient(settings.access(), timing.firstRetry());
        } catch (RuntimeException e) {
            openLater(e);
            return;
        }
        client = opened;
        try {
            follow(opened);
            failedOpenings = 0;
        } catch (RuntimeException e) {
            client = null;
            informer = null;
            opened.close();
            openLater(e);
        }
    }

    private void openLater(RuntimeException failure) {
        failedOpenings++;
        watchTrouble = "the Kubernetes API cannot be asked: " + Failures.line(failure);
        tellTrouble();
        run(this::open, timing.retry(failedOpenings));
    }

    private void follow(ApiClient opened) {
        SharedIndexInformer<KubeNode> following = opened.kubernetes()
                .resources(KubeNode.class, KubeNodes.class)
                .withLimit(PAGE)
                .runnableInformer(0)
                .removeNamespaceIndex()
                .itemStore(store)
                .exceptionHandler((started, failure) -> {
                    lastFailure = Failures.line(failure);
                    return true; // for ever
                })
                .addEventHandler(new Lists());
        informer = following;
        var _ = following.start(); // fails only by being stopped
    }

    /**
     * Begins anew. Connections from an address that this node no longer has would end after a long silence only; certificates
     * and keys are read but once.
     */
    private void reopen() {
        SharedIndexInformer<KubeNode> following = informer;
        ApiClient opened = client;
        if (following == null || opened == null) {
            return; // is being opened
        }
        informer = null;
        client = null;
        following.stop();
        opened.close();
        open();
    }

    /** Whether the watch stands. A single look that finds it lost says nothing: connections end now and then. */
    private void look() {
        run(this::look, timing.look());
        SharedIndexInformer<KubeNode> following = informer;
        if (following == null) {
            return; // told by who could not open it
        }
        boolean watching = following.isWatching();
        looksWithoutWatch = watching ? 0 : looksWithoutWatch + 1;
        if (watching) {
            lastFailure = null;
            watchTrouble = null;
        } else if (looksWithoutWatch > 1 || lastFailure != null) {
            String failure = lastFailure;
            watchTrouble = "the nodes cannot be watched"
                    + (listed ? ", what was told of them stays in force" : "")
                    + (failure == null ? ": no answer from the Kubernetes API" : ": " + failure);
        }
        tellTrouble();
        if (timing.look().multipliedBy(looksWithoutWatch).compareTo(timing.anew()) >= 0) {
            looksWithoutWatch = 0;
            reopen();
        }
    }

    private void publishing(@Nullable String problem) {
        run(() -> {
            publishTrouble = problem;
            tellTrouble();
        });
    }

    private void tellTrouble() {
        String now = watchTrouble != null ? watchTrouble : publishTrouble;
        if (listener != null && !Objects.equals(now, toldTrouble)) {
            toldTrouble = now;
            listener.trouble(now);
        }
    }

    private void changed() {
        if (listed && telling.compareAndSet(false, true)) {
            run(this::tell, timing.together());
        }
    }

    private void tell() {
        telling.set(false); // first: what changes from here on is told by another call
        ClusterFacts.Live facts = store.facts(settings.conf());
        if (listener != null && !facts.equals(told)) {
            told = facts;
            listener.cluster(facts);
        }
    }

    private void run(Runnable task) {
        run(task, Duration.ZERO);
    }

    private void run(Runnable task, Duration wait) {
        try {
            var _ = thread.schedule(() -> alone(task), wait.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException _) {
            // closed
        }
    }

    /** A mistake ends one task, and is seen: the executor would keep it to itself. */
    private static void alone(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Thread current = Thread.currentThread();
            current.getUncaughtExceptionHandler().uncaughtException(current, e);
        }
    }

    /** Learns when the list is whole; nodes come by way of the store. */
    private final class Lists implements ResourceEventHandler<KubeNode> {
        @Override
        public void onList(String resourceVersion, boolean remainedEmpty) {
            listed = true;
            changed();
        }

        @Override
        public void onAdd(KubeNode node) {}

        @Override
        public void onUpdate(KubeNode before, KubeNode now) {}

        @Override
        public void onDelete(KubeNode node, boolean finalStateUnknown) {}
    }
}
