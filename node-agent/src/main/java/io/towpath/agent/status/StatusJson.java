package io.towpath.agent.status;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Family;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.policy.nft.PolicyTable;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Statuses as JSON: times as in RFC 3339 with null for never, durations in seconds, null for no problem. */
public final class StatusJson {
    private static final double NANOS = 1e9;
    private static final Comparator<DenialCounts.Key> BY_POD = Comparator.comparing(DenialCounts.Key::pod)
            .thenComparing(DenialCounts.Key::direction)
            .thenComparing(DenialCounts.Key::enforced);
    private static final Comparator<DenialCounts.Policy> BY_POLICY =
            Comparator.comparing(DenialCounts.Policy::name).thenComparing(DenialCounts.Policy::enforced);

    /** What is known without an agent. */
    private static final Set<String> OF_NO_AGENT =
            Set.of("version", "node", "taken", "ready", "notReady", "overlay", "ipam");

    private StatusJson() {}

    /**
     * The whole of a status.
     *
     * @param version the agent's
     */
    public static ObjectNode of(AgentStatus status, String version) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", version);
        json.put("node", status.node());
        json.put("started", status.started().toString());
        json.put("taken", status.taken().toString());
        json.put("ready", status.notReady() == null);
        json.put("notReady", status.notReady());
        json.put("servesPods", status.notServing() == null);
        AgentStatus.Source source = status.source();
        json.putObject("source")
                .put("name", source.name())
                .put("inSync", source.inSync())
                .put("lastChange", text(source.lastChange()))
                .put("trouble", source.trouble())
                .put("cacheProblem", source.cacheProblem());
        json.set("overlay", overlay(status));
        ArrayNode rejected = json.putArray("rejected");
        for (Rejected each : status.rejected()) {
            Family family = each.family();
            rejected.addObject()
                    .put("node", each.node())
                    .put("family", family == null ? null : family.toString())
                    .put("isReady", status.readyNodes().contains(each.node()))
                    .put("reason", each.reason());
        }
        json.put("leftOut", status.leftOut().summary());
        ObjectNode repairs = json.putObject("repairs");
        new TreeMap<>(status.repairs()).forEach(repairs::put);
        json.putObject("rounds")
                .put("total", status.rounds().total())
                .put("failed", status.rounds().failed())
                .put("lastDuration", status.rounds().lastDuration().toNanos() / NANOS);
        AgentStatus.Guard guard = status.guard();
        json.putObject("guard")
                .put("inForce", guard.inForce())
                .put("problem", guard.problem())
                .put("repairs", guard.repairs())
                .put("lastRepair", text(guard.lastRepair()))
                .put("dropped", guard.dropped())
                .put("counted", text(guard.inForce() ? status.taken() : null));
        json.set("ipam", fills(status.ipam()));
        AgentStatus.Attachments attachments = status.attachments();
        json.putObject("attachments")
                .put("leases", attachments.leases())
                .put("links", attachments.links())
                .put("routes", attachments.routes())
                .put("last", text(attachments.last()))
                .put("problem", attachments.problem());
        AgentStatus.Policy policy = status.policy();
        json.set("policy", policy == null ? JsonNodeFactory.instance.nullNode() : policy(policy));
        json.putNull("sourceDrops"); // whoever answers reads them then
        return json;
    }

    /**
     * What can be told of a node without its agent: all fields of {@link #of}, null for what an agent alone knows.
     *
     * @param version of whoever tells
     * @param notReady why the node counts as not ready
     */
    public static ObjectNode withoutAgent(@Nullable String node, String version, Instant taken, String notReady) {
        ObjectNode json = of(AgentStatus.starting(node, "", taken), version);
        for (String name : json.properties().stream().map(Map.Entry::getKey).toList()) {
            if (!OF_NO_AGENT.contains(name)) {
                json.putNull(name);
            }
        }
        return json.put("notReady", notReady);
    }

    private static ObjectNode policy(AgentStatus.Policy policy) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("known", policy.isKnown())
                .put("inForce", policy.inForce())
                .put("problem", policy.problem())
                .put("trouble", policy.trouble())
                .put("held", text(policy.held()))
                .put("policies", policy.policies())
                .put("clusterPolicies", policy.clusterPolicies())
                .put("endpoints", policy.endpoints())
                .put("repairs", policy.repairs())
                .put("lastRepair", text(policy.lastRepair()));
        policy.waiting().forEach(json.putArray("waiting")::add);
        policy.problems().forEach(json.putArray("problems")::add);
        json.putObject("dropped")
                .put("ingress", policy.dropped().ingress())
                .put("egress", policy.dropped().egress())
                .put("strangers", policy.dropped().strangers())
                .put("invalid", policy.dropped().invalid());
        PolicyTable.Dropped tried = policy.tried();
        if (tried == null) {
            json.putNull("dryRun");
        } else {
            json.putObject("dryRun").put("ingress", tried.ingress()).put("egress", tried.egress());
        }
        json.set("denied", denied(policy.denied()));
        json.put("counted", text(policy.counted()));
        AgentStatus.Unenforced unenforced = policy.unenforced();
        if (unenforced == null) {
            json.putNull("unenforced");
        } else {
            ObjectNode objects = json.putObject("unenforced").put("count", unenforced.count());
            unenforced.names().forEach(objects.putArray("names")::add);
            objects.put("problem", unenforced.problem());
        }
        json.putObject("rounds")
                .put("total", policy.rounds().total())
                .put("failed", policy.rounds().failed())
                .put("lastDuration", policy.rounds().lastDuration().toNanos() / NANOS);
        return json;
    }

    /** Of those of which any was. */
    private static ObjectNode denied(AgentStatus.Denied denied) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode pods = json.putArray("pods");
        denied.byPod().entrySet().stream()
                .filter(each -> each.getValue() > 0)
                .sorted(Map.Entry.comparingByKey(BY_POD))
                .forEach(each -> pods.addObject()
                        .put("pod", each.getKey().pod())
                        .put("direction", each.getKey().direction().word())
                        .put("enforced", each.getKey().enforced())
                        .put("packets", each.getValue()));
        Map<DenialCounts.Policy, Long> byPolicy = denied.byPolicy();
        if (byPolicy == null) {
            json.putNull("policies");
        } else {
            ArrayNode policies = json.putArray("policies");
            byPolicy.entrySet().stream()
                    .sorted(Map.Entry.comparingByKey(BY_POLICY))
                    .forEach(each -> policies.addObject()
                            .put("policy", each.getKey().name())
                            .put("enforced", each.getKey().enforced())
                            .put("packets", each.getValue()));
        }
        return json.put("logLost", denied.logLost());
    }

    private static ObjectNode overlay(AgentStatus status) {
        AgentStatus.Overlay overlay = status.overlay();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("stands", overlay.stands()).put("problem", overlay.problem());
        overlay.obstacles().forEach(json.putArray("obstacles")::add);
        overlay.outside().forEach(json.putArray("outside")::add);
        ArrayNode devices = json.putArray("devices");
        ArrayNode peers = json.putArray("peers");
        for (DesiredOverlay.Device device : overlay.devices()) {
            devices.addObject()
                    .put("name", device.name())
                    .put("vni", device.attributes().id())
                    .put("port", device.attributes().port())
                    .put("mtu", device.mtu())
                    .put("mac", device.mac().toString())
                    .put("local", String.valueOf(device.attributes().local()))
                    .put("interface", device.underlay())
                    .put("slice", device.slice().toString());
            for (DesiredOverlay.Peer peer : device.peers()) {
                ObjectNode line = peers.addObject()
                        .put("node", peer.node())
                        .put("slice", peer.slice().toString())
                        .put("address", peer.remote().toString())
                        .put("mac", peer.mac().toString())
                        .put("problem", overlay.peerProblems().get(peer.node()));
                AgentStatus.Repair repair = status.lastRepairs().get(peer.node());
                if (repair == null) {
                    line.putNull("lastRepair");
                } else {
                    line.putObject("lastRepair")
                            .put("what", repair.what())
                            .put("when", repair.when().toString());
                }
            }
        }
        return json;
    }

    /** How full ranges are: an array of objects. */
    public static ArrayNode fills(List<AgentStatus.Fill> fills) {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        for (AgentStatus.Fill fill : fills) {
            json.addObject()
                    .put("network", fill.network())
                    .put("range", fill.range())
                    .put("capacity", fill.capacity())
                    .put("taken", fill.taken());
        }
        return json;
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }
}
