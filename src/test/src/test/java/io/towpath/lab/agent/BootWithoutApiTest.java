package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Answer;
import io.towpath.lab.Await;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.api.Kind;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A node that boots while the API is away has the overlay, the pods that were known, and their policies. */
@OnLab
class BootWithoutApiTest {
    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Node b = lab.b;
    private final Agent agent = lab.agent;

    @Test
    void aStaticPodHasItsNetworkAndItsPolicies() {
        lab.api.apply(PolicyLab.FRIENDS);
        Pod shop = lab.pod(a, "shop");
        Pod friend = lab.pod(b, "friend");
        Pod thief = lab.pod(b, "thief");
        Await.until("friends get in", () -> reaches(friend, shop.addresses()));
        Await.until("others do not", () -> !reaches(thief, List.of(shop.address())));

        agent.terminate();
        lab.api.down();
        a.boot();
        Pod early = a.pod("shop", 1).conf(PolicyLab.conf(a));
        assertTrue(early.tryAdd().exit() != 0, "nothing is known before the agent has come");
        agent.start();
        agent.awaitLog("overlay changed");
        agent.awaitLog("policies as they were known before are enforced until the source tells");

        // As the kubelet does it: another sandbox for the same static pod, by the UID that the API has its mirror
        // annotated with.
        Pod again = a.pod("shop", 2).conf(PolicyLab.conf(a)).add();
        assertTrue(reaches(friend, again.addresses()));
        assertFalse(reaches(thief, List.of(again.address())));
        again.ping(friend.address());

        Pod stranger = a.pod("stranger").conf(PolicyLab.conf(a));
        Answer answer = stranger.tryAdd();
        answer.failedWith(11);
        assertTrue(answer.toString().contains("knew of no pod lab/stranger on this node before"), answer::toString);

        assertEquals(
                "ok; threads: reconcile, kubernetes, policy, policy compile, policy timer, policy log, attachments, http, pages",
                agent.page("healthz").strip());
        assertEquals(503, agent.code("readyz"));
        JsonNode policy = agent.status().path("policy");
        assertTrue(policy.path("inForce").asBoolean() && !policy.path("known").asBoolean(), policy::toString);
        assertTrue(policy.path("held").isTextual(), policy::toString);
        assertTrue(agent.metric("towpath_policy_facts_age_seconds") > 0);

        // What has changed meanwhile is in force once the API tells.
        lab.api.delete(Kind.NETWORK_POLICY, "lab", "friends");
        lab.api.up();
        agent.awaitReady();
        Await.until("nothing is denied any more", () -> reaches(thief, List.of(again.address())));
        Await.until("it is no longer old", () -> agent.metric("towpath_policy_facts_age_seconds") == 0);
    }

    /** Whether a pod reaches another at all of these addresses. */
    private static boolean reaches(Pod from, List<String> addresses) {
        return addresses.stream()
                .allMatch(address ->
                        Network.tryPing(from.namespace(), address, "-W", "1").exit() == 0);
    }
}
