package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.net.HttpURLConnection;
import org.jspecify.annotations.Nullable;

/**
 * All objects of a kind, listed and from there on watched; they come by way of the store. A watch that is lost is taken up where
 * it was, and when the API has forgotten that place (410 Gone) the list is read again.
 */
final class ResourceWatch<T extends HasMetadata, L extends KubernetesResourceList<T>> {
    /** Objects of one answer to a list: few megabytes. */
    private static final long PAGE = 500;

    private final String what;
    private final Class<T> type;
    private final Class<L> list;
    private final ItemStore<T> store;
    private final Listener listener;

    private volatile boolean listed;
    private volatile @Nullable SharedIndexInformer<T> informer;
    private volatile @Nullable String lastFailure;
    // Of who looks.
    private int looksWithoutWatch;

    /** Called on threads of the client. */
    interface Listener {
        /** The list is whole. */
        void listed();

        /**
         * The API has nothing of the kind, not even an empty list.
         *
         * @return whether that is no failure
         */
        default boolean absent() {
            return false;
        }
    }

    /** @param what its name for operators, plural */
    ResourceWatch(String what, Class<T> type, Class<L> list, ItemStore<T> store, Listener listener) {
        this.what = what;
        this.type = type;
        this.list = list;
        this.store = store;
        this.listener = listener;
    }

    /** Begins, or begins anew; what is in the store stays until the list says otherwise. */
    void follow(KubernetesClient client) {
        stop();
        SharedIndexInformer<T> following = client.resources(type, list)
                .inAnyNamespace()
                .withLimit(PAGE)
                .runnableInformer(0)
                .removeNamespaceIndex()
                .itemStore(store)
                .exceptionHandler((started, failure) -> {
                    failed(failure);
                    return true; // for ever
                })
                .addEventHandler(new Lists());
        informer = following;
        var _ = following.start(); // fails only by being stopped
    }

    private void failed(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof KubernetesClientException answer
                    && answer.getCode() == HttpURLConnection.HTTP_NOT_FOUND
                    && listener.absent()) {
                return;
            }
        }
        lastFailure = Failures.line(failure);
    }

    /** Ends; what is in the store stays. */
    void stop() {
        SharedIndexInformer<T> following = informer;
        informer = null;
        if (following != null) {
            following.stop();
        }
    }

    /** As {@link #stop}; the list has to be read anew before it is whole. */
    void forget() {
        stop();
        listed = false;
        looksWithoutWatch = 0;
    }

    boolean isFollowed() {
        return informer != null;
    }

    /** Whether the list has been whole once. */
    boolean isListed() {
        return listed;
    }

    /**
     * Whether the watch stands; called now and then.
     *
     * @return for how many looks in a row it has not; 0 where nothing is followed
     */
    int look() {
        SharedIndexInformer<T> following = informer;
        if (following == null || following.isWatching()) {
            looksWithoutWatch = 0;
            lastFailure = null;
        } else {
            looksWithoutWatch++;
        }
        return looksWithoutWatch;
    }

    int looksWithoutWatch() {
        return looksWithoutWatch;
    }

    /** What the last look found. A single one that finds the watch lost says nothing: connections end now and then. */
    @Nullable
    String trouble() {
        String failure = lastFailure;
        if (looksWithoutWatch == 0 || (looksWithoutWatch == 1 && failure == null)) {
            return null;
        }
        return "the " + what + " cannot be watched"
                + (listed ? ", what was told of them stays in force" : "")
                + (failure == null ? ": no answer from the Kubernetes API" : ": " + failure);
    }

    /** Learns when the list is whole. */
    private final class Lists implements ResourceEventHandler<T> {
        @Override
        public void onList(String resourceVersion, boolean remainedEmpty) {
            listed = true;
            listener.listed();
        }

        @Override
        public void onAdd(T object) {}

        @Override
        public void onUpdate(T before, T now) {}

        @Override
        public void onDelete(T object, boolean finalStateUnknown) {}
    }
}
