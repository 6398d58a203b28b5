package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Network;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** An operator learns what is denied to whom, and by which policy. */
@OnLab
class DenialLogTest {
    /** An answer comes before the next packet is sent: until then a connection is new, and a dry run logs its packets. */
    private static final String INTERVAL = String.valueOf(0.2 * Await.SLOWNESS);

    private static final String WAIT = String.valueOf(Await.SLOWNESS);
    private static final String DRY_RUN = "namespace: lab, annotations: {towpath.io/dry-run: 'true'}";

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Pod shop = lab.pod(lab.a, "shop");
    private final Pod thief = lab.pod(lab.b, "thief");

    private List<String> log() {
        return lab.agent
                .operator("policy", "log", "--pod", "lab/shop", "--output", "json")
                .succeeded()
                .out()
                .lines()
                .toList();
    }

    private void awaitCounted(int denied, String dryRun) {
        String pod = "towpath_policy_pod_denied_packets_total{direction=\"ingress\",dry_run=\"" + dryRun
                + "\",pod=\"lab/shop\"}";
        String policy =
                "towpath_policy_denied_packets_total{dry_run=\"" + dryRun + "\",policy=\"NetworkPolicy lab/friends\"}";
        Await.until(denied + " are counted", () -> {
            // Any news is an occasion to count.
            lab.tell(thief, "thief", "thief-" + System.nanoTime(), thief.addresses());
            return lab.agent.page("metrics").contains(policy + " " + denied + ".0")
                    && lab.agent.page("metrics").contains(pod + " " + denied + ".0");
        });
    }

    private void force(String policy) {
        lab.api.apply(policy);
        Await.until(
                "in force",
                () -> lab.agent.metric("towpath_policy_policies{kind=\"NetworkPolicy\"}") == 1
                        && lab.agent.metric("towpath_policy_endpoints") == 1);
    }

    /**
     * Sends three of each family. Of those that the policy denies all are logged; of those that it would deny the first, as the others are
     * of the same connection.
     */
    private void check(boolean dryRun) {
        int denied = dryRun ? 2 : 6;
        for (String address : shop.addresses()) {
            int exit = Network.tryPing(thief.namespace(), address, "-c", "3", "-i", INTERVAL, "-W", WAIT)
                    .exit();
            assertEquals(dryRun, exit == 0);
        }
        Await.until(denied + " are logged", () -> log().size() == denied, () -> log().toString());
        JsonNode first = Json.read(log().getFirst());
        assertEquals(dryRun, first.path("dryRun").asBoolean());
        assertEquals("ingress", first.path("direction").asText());
        assertEquals("lab/thief (" + thief.address() + ")", first.path("from").asText());
        assertEquals("lab/shop (" + shop.address() + ")", first.path("to").asText());
        assertEquals("icmp type 8 code 0", first.path("port").asText());
        assertEquals(Json.read("[\"NetworkPolicy lab/friends\"]"), first.path("policies"), first::toString);
        awaitCounted(denied, Boolean.toString(dryRun));
    }

    @Test
    void whatIsDeniedIsLoggedAndCountedByPodAndPolicy() {
        force(PolicyLab.FRIENDS);
        check(false);
    }

    @Test
    void whatADryRunWouldDenyIsLoggedAndCountedAndPasses() {
        force(PolicyLab.FRIENDS.replace("namespace: lab", DRY_RUN));
        check(true);
    }
}
