package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.policy.facts.PodFact;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class FactStoreTest {
    private final AtomicInteger changes = new AtomicInteger();
    private final PodStore store = new PodStore(new Object(), "self", new PodReader("self"), changes::incrementAndGet);

    private static ObjectNode pod(String name, int number) {
        return Manifests.pod(name, "{app: 'web'}", number == 0 ? "self" : "other", "10.244.1." + number);
    }

    private void put(ObjectNode pod) {
        KubePod read = Manifests.read(pod, KubePod.class);
        store.put(store.key(read), read);
    }

    private int takeChanges() {
        return changes.getAndSet(0);
    }

    @Test
    void whatIsTheSameStaysTheSameObjectAtItsPlace() {
        for (int i = 1; i <= 5; i++) {
            put(pod("p" + i, i));
        }
        assertEquals(5, takeChanges());
        List<PodFact> before = store.facts();
        put(pod("p2", 2));
        assertEquals(0, takeChanges());
        assertSame(before, store.facts());

        put(pod("p2", 22));
        assertEquals(1, takeChanges());
        assertSame(before.getFirst(), store.facts().getFirst());
        assertSame(before.getLast(), store.facts().getLast());
        assertEquals("p2", store.facts().get(1).name());

        store.remove("default/p2");
        assertEquals(List.of("p1", "p5", "p3", "p4"), names());
        store.remove("default/p4");
        assertEquals(List.of("p1", "p5", "p3"), names());
        store.remove("default/p5");
        assertEquals(List.of("p1", "p3"), names());
        assertEquals(3, takeChanges());
        store.remove("default/p5");
        assertEquals(0, takeChanges());
    }

    private List<String> names() {
        return store.facts().stream().map(PodFact::name).toList();
    }

    @Test
    void keysTellWhatIsThere() {
        put(pod("p1", 1));
        assertEquals(Set.of("default/p1"), store.keys());
        assertTrue(store.has("default/p1"));
        assertFalse(store.has("default/p2"));
    }

    @Test
    void aPodThatNoPolicySelectsAnyMoreGoes() {
        put(pod("p1", 0));
        ObjectNode ended = pod("p1", 0);
        ended.withObject("/status").put("phase", "Succeeded");
        put(ended);
        assertTrue(store.facts().isEmpty());
        assertTrue(store.uids().isEmpty());
        takeChanges();
        put(ended);
        assertEquals(0, takeChanges());
    }

    @Test
    void ofThisNodesPodsTheUidCounts() {
        put(pod("here", 0));
        put(pod("there", 1));
        assertEquals(Map.of("default/here", "uid-of-here"), store.uids());
        takeChanges();
        ObjectNode again = pod("here", 0);
        again.withObject("/metadata").put("uid", "another");
        put(again);
        assertEquals(1, takeChanges());
        assertEquals(Map.of("default/here", "another"), store.uids());
        store.remove("default/here");
        assertTrue(store.uids().isEmpty());
    }

    @Test
    void ofAStaticPodTheUidIsTheOneThatTheRuntimeKnows() {
        ObjectNode mirror = pod("static", 0);
        mirror.withObject("/metadata").withObject("/annotations").put("kubernetes.io/config.mirror", "its-own");
        put(mirror);
        assertEquals(Map.of("default/static", "its-own"), store.uids());
    }

    @Test
    void clearing() {
        put(pod("p1", 1));
        takeChanges();
        store.clear();
        assertEquals(1, takeChanges());
        assertTrue(store.facts().isEmpty());
        store.clear();
        assertEquals(0, takeChanges());
    }
}
