package io.towpath.agent.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class StatusJsonTest {
    @Test
    void everythingIsTold() throws Exception {
        JsonNode json = StatusJson.of(Statuses.ready(), "1.2.3");
        JsonNode expected = new ObjectMapper().readTree("""
                {
                  "version": "1.2.3",
                  "node": "a",
                  "started": "2026-01-02T03:04:05Z",
                  "taken": "2026-01-02T04:04:05Z",
                  "ready": true,
                  "notReady": null, "servesPods": true,
                  "source": {
                    "name": "kubernetes", "inSync": true, "lastChange": "2026-01-02T04:03:56Z", "trouble": null,
                    "cacheProblem": "/var/lib/towpath/cluster.json: cannot be written: No space left on device"
                  },
                  "overlay": {
                    "stands": true,
                    "problem": null,
                    "obstacles": ["ip rule 100: from all lookup 7 leads past the main table"],
                    "outside": ["default/web (10.64.9.5)"],
                    "devices": [{
                      "name": "flannel.1", "vni": 1, "port": 8472, "mtu": 1450, "mac": "0e:00:00:00:00:01",
                      "local": "192.168.0.1", "interface": "eth0", "slice": "10.244.1.0/24"
                    }],
                    "peers": [
                      {
                        "node": "b", "slice": "10.244.2.0/24", "address": "192.168.0.2", "mac": "0e:00:00:00:00:02",
                        "problem": null, "lastRepair": {"what": "route", "when": "2026-01-02T04:03:05Z"}
                      },
                      {
                        "node": "c", "slice": "10.244.3.0/24", "address": "192.168.0.3", "mac": "0e:00:00:00:00:03",
                        "problem": "no route to host", "lastRepair": null
                      }
                    ]
                  },
                  "rejected": [{"node": "d", "family": null, "isReady": true, "reason": "it has no slice"}],
                  "leftOut": "left out: c: no route to host; d: it has no slice",
                  "repairs": {"link": 1, "route": 3},
                  "rounds": {"total": 7, "failed": 1, "lastDuration": 0.012},
                  "guard": {"inForce": true, "problem": null, "repairs": 2, "lastRepair": "2026-01-02T03:54:05Z", "dropped": 17,
                    "counted": "2026-01-02T04:04:05Z"},
                  "ipam": [
                    {"network": "k8s-pod-network", "range": "10.244.1.1-10.244.1.254", "capacity": 253, "taken": 7}
                  ],
                  "attachments": {
                    "leases": 1, "links": 2, "routes": 3, "last": "2026-01-02T03:34:05Z", "problem": null
                  },
                  "policy": {
                    "known": true, "inForce": true, "problem": null, "trouble": "the policies cannot be watched",
                    "held": "2026-01-02T04:02:35Z",
                    "policies": 12, "clusterPolicies": 3, "endpoints": 40,
                    "repairs": 1, "lastRepair": "2026-01-02T04:03:05Z",
                    "waiting": ["default/late"],
                    "problems": ["NetworkPolicy default/web: ingress rule 1: 10.0.0.0/33 is no CIDR"],
                    "dropped": {"ingress": 21, "egress": 22, "strangers": 23, "invalid": 24},
                    "dryRun": {"ingress": 31, "egress": 32},
                    "denied": {
                      "pods": [
                        {"pod": "default/db", "direction": "ingress", "enforced": false, "packets": 31},
                        {"pod": "default/web", "direction": "ingress", "enforced": true, "packets": 20}
                      ],
                      "policies": [
                        {"policy": "ClusterNetworkPolicy lock", "enforced": false, "packets": 31},
                        {"policy": "NetworkPolicy default/web", "enforced": true, "packets": 19}
                      ],
                      "logLost": 2
                    },
                    "counted": "2026-01-02T04:03:45Z",
                    "unenforced": {
                      "count": 2, "names": ["GlobalNetworkPolicy lock", "NetworkPolicy default/web"],
                      "problem": "the agent may not look: its role lacks list of tiers.crd.projectcalico.org"
                    },
                    "rounds": {"total": 5, "failed": 1, "lastDuration": 0.003}
                  },
                  "sourceDrops": null
                }
                """);
        assertEquals(expected, new ObjectMapper().readTree(json.toString()));
    }

    @Test
    void whatIsNotEnforcedIsNoReasonToBeUnreadyAndAlwaysTheSameField() {
        JsonNode json = StatusJson.of(Statuses.ready().withPolicy(AgentStatus.Policy.UNKNOWN), "1");
        assertTrue(json.at("/policy/unenforced").isNull(), json::toString);
        assertTrue(StatusJson.of(Statuses.ready(), "1").path("ready").asBoolean());
    }

    @Test
    void anAgentThatHasJustStartedIsNotReadyAndSaysWhy() {
        JsonNode json = StatusJson.of(AgentStatus.starting(null, "kubernetes", Statuses.START), "1");
        assertFalse(json.path("ready").asBoolean());
        assertEquals(
                "the cluster is not known yet from kubernetes",
                json.path("notReady").asText());
        assertTrue(json.path("node").isNull());
        assertTrue(json.path("source").path("lastChange").isNull());
    }
}
