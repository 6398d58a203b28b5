package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.PolicyFacts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In which version ClusterNetworkPolicies are read, and when they end. */
class ClusterPolicyWatchTest {
    private static final String DENY = KubernetesPolicySourceTest.DENY_PODS;

    private final FakeApi api = new FakeApi();
    private final ToldPolicy told = new ToldPolicy();
    private KubernetesClusterSource cluster = Sources.of(new ApiAccess(api.url(), null, null, null));
    private KubernetesPolicySource source = cluster.policies();

    @BeforeEach
    void aPolicy() {
        api.put(Manifests.clusterPolicy("wide", DENY));
    }

    @AfterEach
    void end() {
        source.close();
        cluster.close();
        api.close();
    }

    /** Follows what is there, in force with one policy. */
    private void started(String path) throws InterruptedException {
        source.start(told);
        assertEquals(1, told.next().facts().clusterPolicies().size());
        api.awaitWatch(path);
    }

    private boolean asked(String verb, String path) {
        return api.asked.stream()
                .anyMatch(each ->
                        each.what().startsWith(verb + " ") && each.path().equals(path));
    }

    /** Adds one, and sees that none was missing until it is told. */
    private void assertNothingWasDropped() throws InterruptedException {
        api.put(Manifests.clusterPolicy("wider", DENY));
        List<PolicyFacts> all = new ArrayList<>();
        do {
            all.add(told.next());
        } while (all.getLast().facts().clusterPolicies().size() < 2);
        assertTrue(all.stream().noneMatch(each -> each.facts().clusterPolicies().isEmpty()), all::toString);
    }

    @Test
    void ofTheVersionsThatAreServedTheBestIsRead() throws InterruptedException {
        started(FakeApi.CLUSTER_POLICIES);
        assertFalse(asked("list", FakeApi.OLD_CLUSTER_POLICIES));
        assertTrue(
                Sources.logged().contains("ClusterNetworkPolicies are read  version=policy.networking.k8s.io/v1beta1"));
    }

    @Test
    void theOlderVersionIsReadWhereItIsTheOnlyOne() throws InterruptedException {
        api.serve("v1alpha2");
        started(FakeApi.OLD_CLUSTER_POLICIES);
        assertNothingWasDropped();
        assertFalse(asked("list", FakeApi.CLUSTER_POLICIES));
    }

    @Test
    void aVersionThatIsServedNoLongerIsReplaced() throws InterruptedException {
        api.serve("v1alpha2");
        started(FakeApi.OLD_CLUSTER_POLICIES);
        api.serve("v1beta1");
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        assertNothingWasDropped();
        assertFalse(told.troubles.stream().anyMatch(message -> message.contains("gone from")), told.troubles::toString);
    }

    @Test
    void aBetterVersionIsReadOnceItIsServed() throws InterruptedException {
        source.close();
        cluster.close();
        cluster = Sources.of(new ApiAccess(api.url(), null, null, null), Sources.askingAnewEach(Duration.ofMillis(30)));
        source = cluster.policies();
        api.serve("v1alpha2");
        started(FakeApi.OLD_CLUSTER_POLICIES);
        // What is already watched goes on.
        api.serve("v1alpha2", "v1beta1");
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        assertNothingWasDropped();
    }

    @Test
    void versionsThatNobodyKnowsAreTroubleAndDropNothing() throws InterruptedException {
        started(FakeApi.CLUSTER_POLICIES);
        api.serve("v1", "v2");
        told.troubled(
                "the clusternetworkpolicies cannot be watched, what was told of them stays in force: served is v1 and"
                        + " v2, understood are v1beta1 and v1alpha2");
        assertTrue(told.facts.isEmpty());
        api.serve("v1", "v1beta1");
        told.well();
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        assertNothingWasDropped();
    }

    @Test
    void nothingIsToldWhereVersionsThatNobodyKnowsAreServedFromTheStart() throws InterruptedException {
        api.serve("v1");
        source.start(told);
        told.troubled("the clusternetworkpolicies cannot be watched: served is v1, understood are");
        assertTrue(told.facts.isEmpty());
        api.serve("v1beta1");
        assertEquals(1, told.next().facts().clusterPolicies().size());
        told.well();
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 429, 500, 503})
    void aDiscoveryThatIsRefusedIsTroubleAndDropsNothing(int status) throws InterruptedException {
        started(FakeApi.CLUSTER_POLICIES);
        api.refuse(FakeApi.GROUP, status);
        api.serve("v1alpha2");
        told.troubled("stays in force: which versions are served cannot be asked: " + status);
        assertTrue(told.facts.isEmpty());
        api.refuse(FakeApi.GROUP, 0);
        told.well();
        api.awaitWatch(FakeApi.OLD_CLUSTER_POLICIES);
        assertNothingWasDropped();
    }

    @Test
    void nothingIsToldWhileDiscoveryIsRefused() throws InterruptedException {
        api.refuse(FakeApi.GROUP, 403);
        source.start(told);
        told.troubled("the clusternetworkpolicies cannot be watched: which versions are served cannot be asked: 403");
        assertTrue(told.facts.isEmpty());
        api.refuse(FakeApi.GROUP, 0);
        assertEquals(1, told.next().facts().clusterPolicies().size());
        told.well();
    }

    /** The group and its versions are told apart from each other, and a moment later. */
    @Test
    void discoveryThatContradictsItselfIsTroubleAndDropsNothing() throws InterruptedException {
        started(FakeApi.CLUSTER_POLICIES);
        api.absent(FakeApi.GROUP + "/v1beta1", true);
        api.absent(FakeApi.CLUSTER_POLICIES, true);
        told.troubled("cannot be asked: 404");
        assertTrue(told.facts.isEmpty());
        api.absent(FakeApi.GROUP + "/v1beta1", false);
        told.troubled("stays in force: 404 page not found"); // of a version that is said to be served
        assertTrue(told.facts.isEmpty());
        api.absent(FakeApi.CLUSTER_POLICIES, false);
        told.well();
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        assertNothingWasDropped();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void policiesMayComeLater(boolean withOtherKinds) throws InterruptedException {
        if (withOtherKinds) {
            api.serveOthers("v1alpha1");
        }
        api.serve();
        source.start(told);
        assertEquals(List.of(), told.next().facts().clusterPolicies());
        api.serve("v1beta1");
        told.next(facts -> facts.facts().clusterPolicies().size() == 1);
        assertFalse(
                told.troubles.stream().anyMatch(message -> message.contains("404") || message.contains("gone from")),
                told.troubles::toString);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void policiesEndWithTheirKindWhichIsTold(boolean withOtherKinds) throws InterruptedException {
        started(FakeApi.CLUSTER_POLICIES);
        if (withOtherKinds) {
            api.serveOthers("v1alpha1");
        }
        api.serve();
        told.troubled(
                "ClusterNetworkPolicies are gone from the cluster: 1 policies hold until that is found a second time");
        told.next(facts -> facts.facts().clusterPolicies().isEmpty());
        told.well();
        assertTrue(Sources.logged()
                .contains(
                        "ClusterNetworkPolicies are gone from the cluster: their policies no longer hold  policies=1"));
        api.serve("v1alpha2");
        told.next(facts -> facts.facts().clusterPolicies().size() == 1);
    }
}
