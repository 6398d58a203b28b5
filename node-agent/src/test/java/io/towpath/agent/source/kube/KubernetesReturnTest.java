package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.OwnNode;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An API that was away and comes back: what it is asked until then and after that. */
class KubernetesReturnTest {
    private static final List<String> ALL =
            List.of(FakeApi.NODES, FakeApi.PODS, FakeApi.NAMESPACES, FakeApi.POLICIES, FakeApi.CLUSTER_POLICIES);
    private static final OwnNode OWN =
            new OwnNode(List.of(IpAddress.parse("192.168.7.7")), 1, MacAddress.parse("02:00:00:00:77:77"), null);

    private final FakeApi api = new FakeApi();
    private final Told nodes = new Told();
    private final ToldPolicy told = new ToldPolicy();
    private final KubernetesClusterSource cluster = Sources.of(new ApiAccess(api.url(), null, null, null));
    private final KubernetesPolicySource source = cluster.policies();

    @BeforeEach
    void everythingIsWatched() throws InterruptedException {
        api.put(Nodes.bare("self", 1));
        cluster.start(nodes);
        source.start(told);
        nodes.next();
        told.next();
        for (String path : ALL) {
            api.awaitWatch(path);
        }
        somethingIsToldOfEachKind();
        api.asked.clear();
    }

    /** What tells nothing after it was listed cannot be told from what lost it. */
    private void somethingIsToldOfEachKind() throws InterruptedException {
        api.put(Manifests.namespace("default", "{}"));
        api.put(Manifests.pod("pod", "{}", "other", "10.244.2.3"));
        api.put(Manifests.clusterPolicy("wide", "{tier: 'Admin', priority: 1, subject: {namespaces: {}}}"));
        api.put(Manifests.policy("first", "{podSelector: {}}"));
        api.put(Nodes.flannel("first", 9));
        nodes.withNodes("first", "self");
        told.next(now -> now.facts().namespaces().size() == 1
                && now.facts().pods().size() == 1
                && now.facts().clusterPolicies().size() == 1
                && now.facts().policies().size() == 1);
    }

    @AfterEach
    void end() {
        source.close();
        cluster.close();
        api.close();
    }

    private long count(String verb) {
        return api.asked.stream()
                .filter(each ->
                        each.what().startsWith(verb + " ") && !each.what().equals("list limit=1"))
                .count();
    }

    @Test
    void watchesGoOnWhereTheyWereAndNothingIsListed() throws InterruptedException {
        api.down();
        told.troubled("stays in force");
        api.put(Manifests.policy("meanwhile", "{podSelector: {}}"));
        api.put(Nodes.flannel("b", 2));
        api.up();
        told.next(facts -> facts.facts().policies().size() == 2);
        nodes.withNodes("b", "first", "self");
        for (String path : ALL) {
            api.awaitWatch(path);
        }
        told.well();
        assertEquals(0, count("list"), api.asked::toString);
    }

    @Test
    void whereThePlaceIsForgottenTheListIsReadOnce() throws InterruptedException {
        api.down();
        told.troubled("stays in force");
        api.put(Manifests.policy("meanwhile", "{podSelector: {}}"));
        api.forget();
        api.up();
        told.next(facts -> facts.facts().policies().size() == 2);
        for (String path : ALL) {
            api.awaitWatch(path);
        }
        assertEquals(ALL.size(), count("list"), api.asked::toString);
    }

    /** Five kinds that each ask on their own are five times the work for an API that is starting. */
    @Test
    void whileThereIsNoAnswerOneQuestionIsAskedForAll() throws InterruptedException {
        api.hangUp(true);
        Set<String> asked = new HashSet<>();
        for (int questions = 0; questions < 50; ) {
            FakeApi.Asked next = api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertNotNull(next, asked::toString);
            if (next.path().equals(FakeApi.VERSION)) {
                questions++;
            } else {
                assertTrue(asked.add(next.path()), () -> next.path() + " is asked for again");
            }
        }
        api.hangUp(false);
        for (String path : ALL) {
            api.awaitWatch(path);
        }
        api.put(Manifests.policy("later", "{podSelector: {}}"));
        told.next(facts -> facts.facts().policies().size() == 2);
    }

    /** As one is that has all its nodes come back at once. */
    @Test
    void anApiThatAnswersLateIsHeard() throws InterruptedException {
        api.slow(Sources.FAST.retry().multipliedBy(2));
        api.hangUp(true);
        while (!FakeApi.VERSION.equals(api.asked.take().path())) {
            // who watches
        }
        api.hangUp(false);
        api.put(Nodes.flannel("b", 2));
        nodes.withNodes("b", "first", "self");
    }

    /** Nothing else brings it on: the watches go on where they were, and tell nothing. */
    @Test
    void aPatchWaitsForTheReturnToo() throws InterruptedException {
        api.hangUp(true);
        cluster.publish(OWN);
        int patches = 0;
        for (int questions = 0; patches == 0 || questions < 20; ) {
            FakeApi.Asked next = api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertNotNull(next, api.asked::toString);
            if (next.what().startsWith("patch ")) {
                patches++;
            } else if (next.path().equals(FakeApi.VERSION)) {
                questions++;
            }
        }
        assertEquals(1, patches, "it is not asked for on its own");
        nodes.troubled("stays in force");
        api.patches.clear(); // who asked was not told that it had come
        api.hangUp(false);
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        nodes.well();
    }

    /** Knows what was told when the last trouble ended. */
    private static final class Last implements PolicySource.Listener {
        private final CountDownLatch first = new CountDownLatch(1);
        private final CompletableFuture<Integer> policiesWhenWell = new CompletableFuture<>();
        private volatile boolean isTroubled;
        private volatile boolean isOver;
        private int policies;

        @Override
        public void policy(PolicyFacts told) {
            policies = told.facts().policies().size();
            first.countDown();
        }

        @Override
        public void unenforced(AgentStatus.Unenforced now) {}

        @Override
        public void policyTrouble(@Nullable String message) {
            isTroubled = message != null;
            if (message == null && isOver) {
                policiesWhenWell.complete(policies);
            }
        }
    }

    /**
     * Who hears that a trouble is over takes what was told by then for all that there is. Changes that come close together are told together,
     * here after longer than this takes.
     */
    @Test
    void whatWasMissedIsToldBeforeTheTroubleEnds() throws Exception {
        Timing late = new Timing(
                Told.LIMIT.multipliedBy(2),
                Sources.FAST.look(),
                Sources.FAST.retry(),
                Sources.FAST.refused(),
                Sources.FAST.retryAfter(),
                Sources.FAST.watch(),
                Sources.FAST.look().multipliedBy(10),
                Sources.FAST.absent(),
                Sources.FAST.settled());
        Last last = new Last();
        try (KubernetesClusterSource another = Sources.of(new ApiAccess(api.url(), null, null, null), late);
                KubernetesPolicySource policies = another.policies()) {
            another.start(new Told());
            policies.start(last);
            assertTrue(last.first.await(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
            api.hangUp(true);
            api.asked.clear();
            awaitListing(); // and so from nowhere: a watch that goes on stands before it tells what was missed
            while (!last.isTroubled) {
                Thread.onSpinWait();
            }
            last.isOver = true;
            api.put(Manifests.policy("meanwhile", "{podSelector: {}}"));
            api.hangUp(false);
            assertEquals(2, last.policiesWhenWell.get(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        }
    }

    /** Waits until somebody begins anew. */
    private void awaitListing() throws InterruptedException {
        FakeApi.Asked next;
        do {
            next = api.asked.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertNotNull(next, "nobody asks");
        } while (!next.path().equals(FakeApi.POLICIES) || !next.what().startsWith("list "));
    }

    /** An hour would be asked for by mistake alone; in these tests, the longest that is heeded is 40 ms. */
    @ParameterizedTest
    @ValueSource(ints = {429, 503})
    void whatTheApiAsksToBeLeftAloneForIsBounded(int status) throws InterruptedException {
        api.fail(status, 3600);
        api.disconnect();
        cluster.publish(OWN);
        told.troubled("stays in force: " + status + " made to fail");
        api.fail(0);
        told.well();
        assertNotNull(api.patches.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
        assertEquals(0, count("list"), api.asked::toString);
    }
}
