package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusJson;
import io.towpath.agent.status.Statuses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatusCommandTest extends CliScene {
    @Test
    void theStatusOfAnAgentAsText() throws Exception {
        assertEquals("""
                node a: ready
                agent     1.2.3, started 60 min ago, 7 rounds, 1 failed, the last took 12 ms
                source    kubernetes, in sync, last change 9 s ago
                cache     not kept up to date: /var/lib/towpath/cluster.json: cannot be written: No space left on device
                overlay   stands
                obstacle  ip rule 100: from all lookup 7 leads past the main table
                outside   default/web (10.64.9.5): not of this node's podCIDR
                guard     in force, repaired 2 times, dropped 17 packets (counted 0 s ago)
                policies  in force: the policies cannot be watched, as known 90 s ago, 12 of namespaces, 3 of the cluster, 40 endpoints, repaired 1 times, denied 21 packets to pods and 22 from pods (counted 20 s ago); a dry run would deny 31 and 32
                calico    the agent may not look: its role lacks list of tiers.crd.projectcalico.org
                repairs   link 1, route 3
                pods      compared 30 min ago; cleared away: 1 leases, 2 links, 3 routes

                DEVICE     VNI  PORT  MTU   MAC                LOCAL        INTERFACE  SLICE
                flannel.1  1    8472  1450  0e:00:00:00:00:01  192.168.0.1  eth0       10.244.1.0/24

                NODE  SLICE          ADDRESS      STATE             LAST REPAIR
                c     10.244.3.0/24  192.168.0.3  no route to host  -
                b     10.244.2.0/24  192.168.0.2  ok                route, 60 s ago

                NETWORK          RANGE                    LEASED  OF   FULL
                k8s-pod-network  10.244.1.1-10.244.1.254  7       253  3 %

                left out:
                  d, which is Ready: it has no slice

                problems of policies:
                  NetworkPolicy default/web: ingress rule 1: 10.0.0.0/33 is no CIDR

                not enforced, of Calico's own kinds (2):
                  GlobalNetworkPolicy lock
                  NetworkPolicy default/web

                pods that are not known yet, to which all is denied:
                  default/late
                """, text(Statuses.ready()));
    }

    private static String text(AgentStatus status) throws IOException {
        JsonNode sent = JSON.readTree(StatusJson.of(status, "1.2.3").toString());
        return StatusText.of(sent, Statuses.START.plusSeconds(3600), false);
    }

    @Test
    void theStatusIsAskedOfTheAgent() throws Exception {
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            board.publish(Statuses.ready());
            Ran ran = run(
                    "status --output json",
                    "--socket",
                    disk.resolve("agent.sock").toString());
            assertEquals(Cli.OK, ran.code(), ran::err);
            assertEquals("a", JSON.readTree(ran.out()).path("node").asText());
            board.publish(AgentStatus.starting("a", "kubernetes", Statuses.START));
            Ran notReady = run("status", "--socket", disk.resolve("agent.sock").toString());
            assertEquals(Cli.FAILED, notReady.code());
            assertTrue(
                    notReady.out().startsWith("node a: not ready: the cluster is not known yet from kubernetes\n"),
                    notReady::out);
        }
    }

    @Test
    void whatTheAgentDoesNotKnowOfRangesYetTheDiskTells() throws Exception {
        nodeState();
        try (Endpoints agent = agent()) {
            assertTrue(agent.address().getPort() > 0);
            Ran ran = run(
                    "status",
                    "--socket",
                    disk.resolve("agent.sock").toString(),
                    "--cni-conf",
                    conflist().toString());
            assertTrue(ran.out().contains("net      10.1.2.1-10.1.2.254  0       253  0 %"), ran::out);
        }
    }

    @Test
    void withoutAnAgentTheStatusIsWhatTheKernelAndTheFilesTell() throws Exception {
        nodeState();
        Ran ran = run(
                "status",
                "--socket",
                disk.resolve("none.sock").toString(),
                "--cni-conf",
                conflist().toString(),
                "--cluster-file",
                disk.resolve("none.json").toString());
        assertEquals(Cli.FAILED, ran.code(), ran::err);
        assertTrue(
                ran.out().startsWith("this node: not ready: no agent answers on " + disk.resolve("none.sock")),
                ran::out);
        assertTrue(ran.out().contains("10.1.2.1-10.1.2.254"), ran::out);
    }

    private JsonNode withoutAgent(Path cniConf) throws IOException {
        Ran ran = run(
                "status --output json",
                "--socket",
                disk.resolve("none.sock").toString(),
                "--cni-conf",
                cniConf.toString(),
                "--cluster-file",
                disk.resolve("none.json").toString());
        assertEquals(Cli.FAILED, ran.code(), ran::err);
        return JSON.readTree(ran.out());
    }

    private static List<String> fields(JsonNode json) {
        return json.properties().stream().map(Map.Entry::getKey).sorted().toList();
    }

    @Test
    void withoutAnAgentTheStatusHasTheSameFields() throws Exception {
        nodeState();
        JsonNode with = JSON.readTree(StatusJson.of(Statuses.ready(), "1.2.3").toString());
        JsonNode without = withoutAgent(conflist());
        assertEquals(fields(with), fields(without));
        assertEquals(fields(with.path("overlay")), fields(without.path("overlay")));
        for (String ofAgent : List.of("started", "source", "rounds", "guard", "policy", "attachments", "rejected")) {
            assertTrue(without.path(ofAgent).isNull(), ofAgent);
        }
    }

    /** As in a container that has the conflist and no leases. */
    @Test
    void whereLeasesCannotBeSeenNoneAreCounted() throws Exception {
        nodeState();
        Path elsewhere = Files.writeString(
                disk.resolve("elsewhere.conflist"),
                Files.readString(conflist()).replace(disk.resolve("leases").toString(), disk + "/away/leases"));
        JsonNode status = withoutAgent(elsewhere);
        assertTrue(status.path("ipam").isNull(), status::toString);
        assertEquals(
                "how many addresses are leased cannot be seen here, as there is no " + disk.resolve("away"),
                status.path("ipamProblem").asText());
    }
}
