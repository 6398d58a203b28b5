package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.towpath.policy.facts.PodFact;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The pods, with the UIDs of those of this node. */
final class PodStore extends FactStore<KubePod, PodFact> {
    private static final String MIRROR = "kubernetes.io/config.mirror";

    private final String self;
    private final Map<String, String> uids = new HashMap<>();
    private @Nullable Map<String, String> copy;

    PodStore(Object lock, String self, PodReader reader, Runnable changed) {
        super(lock, reader::read, changed);
        this.self = self;
    }

    /** Of this node's pods, by {@code namespace/name}. */
    Map<String, String> uids() {
        synchronized (lock) {
            Map<String, String> known = copy;
            if (known == null) {
                known = Map.copyOf(uids);
                copy = known;
            }
            return known;
        }
    }

    @Override
    public void put(String key, KubePod pod) {
        synchronized (lock) {
            super.put(key, pod);
            KubePod.Spec spec = pod.getSpec();
            boolean here = spec != null && self.equals(spec.nodeName()) && has(key);
            note(key, here ? uid(pod.getMetadata()) : null);
        }
    }

    @Override
    public void remove(String key) {
        synchronized (lock) {
            note(key, null);
            super.remove(key);
        }
    }

    /** The UID that the runtime tells: a static pod's own, of which the API has a mirror with another. */
    private static @Nullable String uid(ObjectMeta metadata) {
        Map<String, String> annotations = metadata.getAnnotations();
        String mirrored = annotations == null ? null : annotations.get(MIRROR);
        return mirrored == null ? metadata.getUid() : mirrored;
    }

    private void note(String key, @Nullable String uid) {
        String before = uid == null ? uids.remove(key) : uids.put(key, uid);
        if (!Objects.equals(before, uid)) {
            copy = null;
            changed();
        }
    }
}
