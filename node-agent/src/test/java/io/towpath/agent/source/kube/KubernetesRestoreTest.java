package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.overlay.Cluster;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An API whose etcd was restored from an older state while nobody could ask it, and has come past the versions that were known. */
class KubernetesRestoreTest {
    private static final ObjectNode POLICY = Manifests.policy("first", "{podSelector: {}}");
    private static final int MANY = 300;

    private final FakeApi api = new FakeApi();
    private final Told nodes = new Told();
    private final ToldPolicy told = new ToldPolicy();
    private final KubernetesClusterSource cluster = Sources.of(new ApiAccess(api.url(), null, null, null));
    private final KubernetesPolicySource source = cluster.policies();

    @BeforeEach
    void aPolicyIsTold() throws InterruptedException {
        api.put(Nodes.bare("self", 1));
        cluster.start(nodes);
        source.start(told);
        nodes.next();
        told.next();
        api.awaitWatch(FakeApi.NODES);
        api.awaitWatch(FakeApi.POLICIES);
        api.put(POLICY.deepCopy());
        told.next(now -> now.facts().policies().size() == 1);
        api.put(Nodes.flannel("b", 2));
        nodes.withNodes("b", "self");
        Sources.LOGGED.reset();
        api.asked.clear();
    }

    @AfterEach
    void end() {
        source.close();
        cluster.close();
        api.close();
    }

    /** What was told before is taken, and no question is answered until {@link #back}. */
    private void away() {
        api.hangUp(true);
    }

    private void back() {
        api.hangUp(false);
    }

    /** What is restored changes before anybody can ask it; returns when that is told. */
    private void restoreWithoutThePolicy(FakeObjects.Saved snapshot) throws InterruptedException {
        away();
        api.restore(snapshot);
        api.delete(POLICY);
        api.pass(MANY);
        back();
        policies(0);
    }

    private void policies(int count) throws InterruptedException {
        told.next(now -> now.facts().policies().size() == count);
    }

    private long lists(String path) {
        return count(path, what -> what.startsWith("list ") && !what.equals("list limit=1"));
    }

    private long questions(String path) {
        return count(path, what -> what.contains("fieldSelector="));
    }

    private long count(String path, Predicate<String> wanted) {
        return api.asked.stream()
                .filter(each -> each.path().equals(path) && wanted.test(each.what()))
                .count();
    }

    private static void logged(String line) {
        assertTrue(Sources.logged().contains(line), Sources::logged);
    }

    @Test
    void aPolicyThatWasDeletedAfterTheSnapshotIsBack() throws InterruptedException {
        FakeObjects.Saved snapshot = api.save();
        api.pass(10);
        api.delete(POLICY);
        policies(0);
        away();
        api.restore(snapshot);
        api.pass(MANY);
        back();
        policies(1);
        logged(
                "the API does not tell again what it has told, as after a restore of etcd: the networkpolicies are listed anew");
        logged("/apis/networking.k8s.io/v1/networkpolicies default/first ");
    }

    @Test
    void anObjectThatWasChangedAfterTheSnapshotIsAsItIsNow() throws InterruptedException {
        FakeObjects.Saved snapshot = api.save();
        api.pass(10);
        api.put(moved("192.168.9.8"));
        nodes.next(now -> isAt(now, "192.168.9.8"));
        away();
        api.restore(snapshot);
        api.put(moved("192.168.9.9"));
        api.pass(MANY);
        back();
        nodes.next(now -> isAt(now, "192.168.9.9"));
        logged("the API does not tell again what it has told, as after a restore of etcd: the nodes are listed anew");
    }

    private static ObjectNode moved(String address) {
        return Nodes.with(Nodes.flannel("b", 2), node -> Nodes.annotate(node, "public-ip", address));
    }

    private static boolean isAt(ClusterFacts.Live facts, String address) {
        Cluster.Node node = facts.cluster().node("b");
        return node != null && node.addresses().equals(List.of(IpAddress.parse(address)));
    }

    /** Bookmarks say how far it is that hardly changes; that the API was there is said by what changes more. */
    @Test
    void anotherKindBearsWitness() throws InterruptedException {
        FakeObjects.Saved snapshot = api.save();
        api.put(Nodes.flannel("c", 3));
        nodes.withNodes("b", "c", "self");
        api.bookmark(FakeApi.POLICIES);
        restoreWithoutThePolicy(snapshot);
        logged(
                "the API does not tell again what it has told, as after a restore of etcd: the networkpolicies are listed anew");
    }

    /** Up to a bookmark that nothing bears witness to, the API may have another history. */
    @Test
    void whatHappenedBeforeTheLastBookmarkIsTold() throws InterruptedException {
        FakeObjects.Saved snapshot = api.save();
        api.pass(10);
        api.bookmark(FakeApi.POLICIES);
        restoreWithoutThePolicy(snapshot);
        assertEquals(0, lists(FakeApi.POLICIES), api.asked::toString);
    }

    /** Of what was deleted before the list nothing bears witness. */
    @Test
    void whatWasListedAndNeverToldOfIsListedAnew() throws InterruptedException {
        FakeObjects.Saved snapshot = api.save();
        api.delete(POLICY);
        policies(0);
        api.forget();
        for (int listed = 0; listed == 0; listed = (int) lists(FakeApi.POLICIES)) {
            Thread.onSpinWait();
        }
        api.awaitWatch(FakeApi.POLICIES);
        away();
        api.restore(snapshot);
        api.pass(MANY);
        back();
        policies(1);
        assertEquals(2, lists(FakeApi.POLICIES), api.asked::toString);
    }

    @Test
    void whatChangesWhileTheConnectionIsLostIsNoOtherHistory() throws InterruptedException {
        api.put(Manifests.policy("second", "{podSelector: {}}"));
        policies(2);
        away();
        api.delete(POLICY);
        api.put(Manifests.policy("second", "{podSelector: {matchLabels: {a: 'b'}}}"));
        api.delete(Manifests.policy("second", "{podSelector: {}}"));
        api.put(moved("192.168.9.9"));
        back();
        policies(0);
        nodes.next(now -> isAt(now, "192.168.9.9"));
        assertEquals(0, lists(FakeApi.POLICIES) + lists(FakeApi.NODES), api.asked::toString);
        assertEquals("", Sources.logged());
    }

    /** A server that ends says no more than one that has nothing to say. */
    @Test
    void aSilenceThatIsCutShortIsNoRestore() throws InterruptedException {
        api.put(POLICY.deepCopy());
        api.bookmark(FakeApi.POLICIES);
        api.endNextQuestion();
        api.disconnect();
        api.awaitWatch(FakeApi.POLICIES);
        api.awaitWatch(FakeApi.NODES);
        api.put(Manifests.policy("second", "{podSelector: {}}"));
        policies(2);
        assertTrue(questions(FakeApi.POLICIES) + questions(FakeApi.NODES) > 0, api.asked::toString);
        assertEquals(1, lists(FakeApi.POLICIES) + lists(FakeApi.NODES), api.asked::toString);
        assertEquals("", Sources.logged());
    }

    /** What bears witness to nodes is a policy here. */
    @Test
    void troubleWithOneKindKeepsNoOtherFromBeingWatched() throws InterruptedException {
        api.put(Manifests.policy("second", "{podSelector: {}}"));
        policies(2);
        api.bookmark(FakeApi.NODES);
        api.refuse(FakeApi.POLICIES, 503);
        api.disconnect();
        api.put(Nodes.flannel("c", 3));
        nodes.withNodes("b", "c", "self");
        api.refuse(FakeApi.POLICIES, 0);
    }
}
