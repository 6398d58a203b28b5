package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers in the API's place takes nothing away of what is known. */
class BeliefTest {
    private final FakeApi api = new FakeApi();
    private final Told told = new Told();
    private final ToldPolicy policies = new ToldPolicy();
    private final KubernetesClusterSource source = Sources.of(new ApiAccess(api.url(), null, null, null));

    @BeforeEach
    void known() throws InterruptedException {
        api.put(Nodes.bare("self", 1));
        api.put(Nodes.flannel("b", 2));
        source.start(told);
        told.withNodes("b", "self");
        api.awaitWatch();
    }

    @AfterEach
    void end() {
        source.close();
        api.close();
    }

    private void assertKnownStays() throws InterruptedException {
        assertTrue(
                told.clusters.isEmpty(),
                () -> Told.names(told.clusters.element()).toString());
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            {}                                                                                    | no NodeList of v1 but of no kind
            []                                                                                    | cannot be read
            null                                                                                  | no NodeList but null
            {'status':'ok'}                                                                       | no NodeList of v1 but of no kind
            {'kind':'Status','apiVersion':'v1','status':'Success'}                                | no NodeList of v1 but a Status of v1
            {'kind':'List','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[]}       | no NodeList of v1 but a List of v1
            {'kind':'PodList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[]}    | no NodeList of v1 but a PodList of v1
            {'kind':'NodeList','apiVersion':'v2','metadata':{'resourceVersion':'9'},'items':[]}   | no NodeList of v1 but a NodeList of v2
            {'kind':'NodeList','apiVersion':'v1','metadata':{},'items':[]}                        | it has no resourceVersion
            {'kind':'NodeList','apiVersion':'v1','items':[]}                                      | it has no resourceVersion
            {'kind':'NodeList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':null} | it has no items
            {'kind':'NodeList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[{}]} | item 0 has no name
            {'kind':'NodeList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[null]} | item 0 has no metadata
            {'kind':'NodeList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[{'metadata':null}]} | item 0 has no metadata
            {'kind':'NodeList','apiVersion':'v1','metadata':{'resourceVersion':'9'},'items':[{'metadata':{'name':'x','uid':'1'}},{'metadata':{'name':'y'}}]} | item 1 has no uid
            """)
    void aListThatIsNoneIsRefusedAsAWhole(String answer, String why) throws InterruptedException {
        api.lie(FakeApi.NODES, answer.replace('\'', '"'));
        api.forget();
        told.troubled(why);
        assertTrue(told.clusters.isEmpty());
        api.lie(FakeApi.NODES, null);
        told.well();
        api.awaitWatch();
        assertKnownStays();
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "uid", "resourceVersion"})
    void anEventAboutNothingIsRefused(String missing) throws InterruptedException {
        ObjectNode node = api.node("b");
        node.withObject("/metadata").remove(missing);
        api.tellAt(FakeApi.NODES, "MODIFIED", node);
        told.troubled("a Node that has no " + missing);
        api.forget();
        told.well();
        api.awaitWatch();
        assertKnownStays();
    }

    @Test
    void anEventAboutAnotherKindIsRefused() throws InterruptedException {
        ObjectNode other = api.node("b").put("kind", "Status");
        api.tellAt(FakeApi.NODES, "DELETED", other);
        told.troubled("that is no Node of v1 but a Status of v1");
        api.forget();
        told.well();
        api.awaitWatch();
        assertKnownStays();
    }

    private KubernetesPolicySource known(String clusterPolicy) throws InterruptedException {
        api.put(Manifests.clusterPolicy(clusterPolicy, "{tier: 'Admin', priority: 1, subject: {namespaces: {}}}"));
        KubernetesPolicySource with = source.policies();
        with.start(policies);
        assertEquals(1, policies.next().facts().clusterPolicies().size());
        api.awaitWatch(FakeApi.CLUSTER_POLICIES);
        return with;
    }

    private void assertPolicyStays() throws InterruptedException {
        api.put(Manifests.clusterPolicy("more", "{tier: 'Admin', priority: 2, subject: {namespaces: {}}}"));
        assertEquals(2, policies.next().facts().clusterPolicies().size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            /apis/policy.networking.k8s.io         | {}                                  | no APIGroup of policy.networking.k8s.io but of no kind
            /apis/policy.networking.k8s.io         | {'kind':'APIGroup','name':'apps'}   | no APIGroup of policy.networking.k8s.io but a APIGroup of apps
            /apis/policy.networking.k8s.io/v1beta1 | {'kind':'Status'}                   | no APIResourceList of policy.networking.k8s.io/v1beta1 but a Status
            """)
    void aKindIsNotGoneByAnAnswerOfAnother(String path, String answer, String why) throws InterruptedException {
        try (KubernetesPolicySource _ = known("first")) {
            api.lie(path, answer.replace('\'', '"'));
            api.absent(FakeApi.CLUSTER_POLICIES, true);
            policies.troubled(why);
            api.absent(FakeApi.CLUSTER_POLICIES, false);
            api.lie(path, null);
            policies.well();
            api.awaitWatch(FakeApi.CLUSTER_POLICIES);
            assertPolicyStays();
        }
    }

    @Test
    void aKindIsNotGoneWhereSomethingElseFindsNothing() throws InterruptedException {
        try (KubernetesPolicySource _ = known("first")) {
            api.absent(FakeApi.GROUP, true);
            api.absent(FakeApi.CLUSTER_POLICIES, true);
            policies.troubled("which versions are served cannot be asked: 404 page not found");
            api.absent(FakeApi.CLUSTER_POLICIES, false);
            api.absent(FakeApi.GROUP, false);
            policies.well();
            api.awaitWatch(FakeApi.CLUSTER_POLICIES);
            assertPolicyStays();
        }
    }

    @Test
    void whatIsInANamespaceSaysInWhich() {
        ObjectNode pod = Manifests.pod("p", "{}", "self", "10.64.1.2");
        pod.withObject("/metadata").put("resourceVersion", "1");
        Belief belief = new Belief("Pod", true);
        belief.requireObject(FakeApi.PODS, pod);
        pod.withObject("/metadata").remove("namespace");
        ApiRefusal refusal = assertThrows(ApiRefusal.class, () -> belief.requireObject(FakeApi.PODS, pod));
        assertTrue(Failures.line(refusal).contains("a Pod that has no namespace"), refusal::toString);
    }
}
