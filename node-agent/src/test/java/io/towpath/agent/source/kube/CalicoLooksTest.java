package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.status.AgentStatus.Unenforced;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which objects of Calico's own kinds are told of. */
class CalicoLooksTest {
    private static final String GLOBAL = FakeApi.CALICO + "/globalnetworkpolicies";
    private static final String NAMESPACED = FakeApi.CALICO + "/networkpolicies";
    private static final String TIERS = FakeApi.CALICO + "/tiers";
    private static final String ENDPOINTS = FakeApi.CALICO + "/hostendpoints";

    private final FakeApi api = new FakeApi();
    private final ToldPolicy told = new ToldPolicy();
    private final KubernetesClusterSource cluster =
            Sources.of(new ApiAccess(api.url(), null, null, null), Sources.askingAnewEach(Duration.ofMillis(30)));
    private final KubernetesPolicySource source = cluster.policies();

    @AfterEach
    void end() {
        source.close();
        cluster.close();
        api.close();
    }

    private Unenforced next() throws InterruptedException {
        return told.unenforced(_ -> true);
    }

    @Test
    void whereCalicoIsNotThereNothingIsToldOfAndNothingIsListed() throws InterruptedException {
        source.start(told);
        assertEquals(new Unenforced(0, List.of(), null), next());
        assertFalse(
                api.asked.stream().anyMatch(each -> FakeCalico.has(each.path())),
                "one question, which groups there are, is all");
    }

    @Test
    void usersObjectsAreNamedAndNotWhatCalicoMakesItself() throws InterruptedException {
        api.calico().put(GLOBAL, "lock", "knp.default.web");
        api.calico().put(NAMESPACED, "default/web", "a/knp.default.web");
        api.calico()
                .put(
                        TIERS,
                        "default",
                        "kube-admin",
                        "kube-baseline",
                        "adminnetworkpolicy",
                        "baselineadminnetworkpolicy",
                        "security");
        api.calico().put(ENDPOINTS);
        source.start(told);
        assertEquals(
                new Unenforced(
                        3, List.of("GlobalNetworkPolicy lock", "NetworkPolicy default/web", "Tier security"), null),
                next());
        assertTrue(
                Sources.logged()
                        .contains("objects of Calico's own kinds are not enforced  count=3"
                                + " objects=\"GlobalNetworkPolicy lock, NetworkPolicy default/web, Tier security\""),
                Sources::logged);
    }

    @Test
    void whereTheNewerStoreAloneHasThemTheyAreNamed() throws InterruptedException {
        api.calico().put(FakeApi.NEW_CALICO + "/globalnetworksets", "bad");
        source.start(told);
        assertEquals(new Unenforced(1, List.of("GlobalNetworkSet bad"), null), next());
    }

    /** Calico's API server shows the same objects by another name. */
    @Test
    void whatIsInBothIsToldOnce() throws InterruptedException {
        api.calico().put(FakeApi.NEW_CALICO + "/globalnetworkpolicies", "lock");
        api.calico().put(GLOBAL, "default.lock");
        source.start(told);
        assertEquals(new Unenforced(1, List.of("GlobalNetworkPolicy default.lock"), null), next());
    }

    @Test
    void changesAreTold() throws InterruptedException {
        source.start(told);
        next();
        api.calico().put(GLOBAL, "come");
        assertEquals(List.of("GlobalNetworkPolicy come"), next().names());
        api.calico().put(GLOBAL, "later");
        assertEquals(List.of("GlobalNetworkPolicy come", "GlobalNetworkPolicy later"), next().names());
        api.calico().remove(GLOBAL);
        assertEquals(new Unenforced(0, List.of(), null), next());
        assertEquals(
                1,
                Sources.logged()
                        .lines()
                        .filter(line -> line.contains("objects=\"GlobalNetworkPolicy come\""))
                        .count());
        assertTrue(Sources.logged().contains("objects of Calico's own kinds are gone from the cluster"));
    }

    @Test
    void ofManyAllAreCountedAndSomeNamed() throws InterruptedException {
        api.calico()
                .put(
                        NAMESPACED,
                        IntStream.range(0, 1201).mapToObj(i -> "web/deny-" + i).toArray(String[]::new));
        source.start(told);
        Unenforced found = next();
        assertEquals(1201, found.count(), found::toString);
        assertEquals(20, found.names().size());
        assertNull(found.problem());
    }

    @Test
    void oneLostConnectionIsNoProblem() throws InterruptedException {
        api.calico().put(GLOBAL, "lock");
        api.calico().put(TIERS, "security");
        api.hangUpOnce(TIERS);
        source.start(told);
        assertEquals(new Unenforced(2, List.of("GlobalNetworkPolicy lock", "Tier security"), null), next());
    }

    @Test
    void whatMayNotBeListedIsToldApart() throws InterruptedException {
        api.calico().put(GLOBAL, "lock");
        api.calico().put(TIERS, "security");
        api.refuse(TIERS, true);
        source.start(told);
        assertEquals(
                new Unenforced(
                        1,
                        List.of("GlobalNetworkPolicy lock"),
                        "the agent may not look: its role lacks list of tiers.crd.projectcalico.org"),
                next());
        api.refuse(TIERS, false);
        assertEquals(
                new Unenforced(2, List.of("GlobalNetworkPolicy lock", "Tier security"), null),
                told.unenforced(each -> each.problem() == null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "\"<html>\"",
                "{\"kind\": \"TierList\", \"apiVersion\": \"crd.projectcalico.org/v1\", \"items\": []}",
                "{\"kind\": \"PartialObjectMetadataList\", \"apiVersion\": \"meta.k8s.io/v1\"}",
                "{\"kind\": \"PartialObjectMetadataList\", \"apiVersion\": \"meta.k8s.io/v1\", \"items\": [{\"metadata\": {}}]}",
                "no JSON"
            })
    void whatAnswersInTheApisPlaceTakesNothingAway(String answer) throws InterruptedException {
        api.calico().put(TIERS, "security");
        source.start(told);
        next();
        api.lie(TIERS, answer);
        Unenforced found = next();
        assertEquals(List.of("Tier security"), found.names());
        assertTrue(
                String.valueOf(found.problem()).startsWith("tiers.crd.projectcalico.org cannot be listed: 200 "),
                found::toString);
        api.lie(TIERS, null);
        assertNull(next().problem());
    }

    /** Neither does it keep policies from being known. */
    @ParameterizedTest
    @ValueSource(strings = {FakeApi.GROUPS, FakeApi.CALICO})
    void whereDiscoveryFailsThatIsToldAndNobodyElseIsDisturbed(String path) throws InterruptedException {
        api.calico().put(TIERS, "security");
        for (int status : List.of(403, 500)) {
            api.refuse(path, status);
            if (status == 403) {
                source.start(told);
            }
            Unenforced found = next();
            assertTrue(
                    String.valueOf(found.problem())
                            .startsWith("which of Calico's kinds the cluster has cannot be asked: " + status),
                    found::toString);
        }
        told.next();
        assertFalse(told.troubles.stream().anyMatch(each -> each.contains("alico")), told.troubles::toString);
        api.refuse(path, 0);
        assertEquals(new Unenforced(1, List.of("Tier security"), null), next());
    }

    @Test
    void theKindsAreFoundWhenTheApiIsBack() throws InterruptedException {
        api.calico().put(TIERS, "security");
        api.down();
        source.start(told);
        told.troubled("cannot be");
        api.up();
        assertEquals(
                List.of("Tier security"),
                told.unenforced(each -> each.problem() == null).names());
    }
}
