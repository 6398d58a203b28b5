package io.towpath.agent.status;

import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.policy.nft.PolicyTable;
import io.towpath.policy.ruleset.Direction;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Statuses for tests. */
public final class Statuses {
    public static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
    private static final Instant NOW = START.plusSeconds(3600);

    private Statuses() {}

    private static DesiredOverlay.Peer peer(String node, int number) {
        return new DesiredOverlay.Peer(
                node,
                IpPrefix.parse("10.244." + number + ".0/24"),
                IpAddress.parse("192.168.0." + number),
                MacAddress.parse("0e:00:00:00:00:0" + number));
    }

    /** The device of node a, with nodes b and c as peers. */
    public static DesiredOverlay.Device device() {
        return new DesiredOverlay.Device(
                "flannel.1",
                MacAddress.parse("0e:00:00:00:00:01"),
                1450,
                Vxlan.builder(1)
                        .port(8472)
                        .local(IpAddress.parse("192.168.0.1"))
                        .build(),
                "eth0",
                IpPrefix.parse("10.244.1.0/24"),
                IpPrefix.parse("10.244.0.0/16"),
                false,
                List.of(peer("b", 2), peer("c", 3)));
    }

    private static AgentStatus.Policy policy() {
        return new AgentStatus.Policy(
                true,
                true,
                null,
                "the policies cannot be watched",
                NOW.minusSeconds(90),
                12,
                3,
                40,
                List.of("default/late"),
                List.of("NetworkPolicy default/web: ingress rule 1: 10.0.0.0/33 is no CIDR"),
                1,
                NOW.minusSeconds(60),
                new AgentStatus.Rounds(5, 1, Duration.ofMillis(3)),
                new PolicyTable.Dropped(21, 22, 23, 24),
                new PolicyTable.Dropped(31, 32, 0, 0),
                new AgentStatus.Denied(
                        Map.of(
                                new DenialCounts.Key("default/web", Direction.INGRESS, true), 20L,
                                new DenialCounts.Key("default/web", Direction.EGRESS, true), 0L,
                                new DenialCounts.Key("default/db", Direction.INGRESS, false), 31L),
                        Map.of(
                                new DenialCounts.Policy("NetworkPolicy default/web", true), 19L,
                                new DenialCounts.Policy("ClusterNetworkPolicy lock", false), 31L),
                        2),
                NOW.minusSeconds(20),
                new AgentStatus.Unenforced(
                        2,
                        List.of("GlobalNetworkPolicy lock", "NetworkPolicy default/web"),
                        "the agent may not look: its role lacks list of tiers.crd.projectcalico.org"));
    }

    /** Of an agent whose node is ready, though not all is well with others. */
    public static AgentStatus ready() {
        return new AgentStatus(
                "a",
                START,
                NOW,
                new AgentStatus.Source(
                        "kubernetes",
                        true,
                        NOW.minusSeconds(9),
                        null,
                        "/var/lib/towpath/cluster.json: cannot be written: No space left on device"),
                new AgentStatus.Overlay(
                        true,
                        List.of(device()),
                        null,
                        Map.of("c", "no route to host"),
                        List.of("ip rule 100: from all lookup 7 leads past the main table"),
                        List.of("default/web (10.64.9.5)")),
                List.of(new Rejected("d", "it has no slice")),
                Set.of("b", "c", "d", "e"),
                Map.of("route", 3L, "link", 1L),
                Map.of("b", new AgentStatus.Repair("route", NOW.minusSeconds(60))),
                new AgentStatus.Rounds(7, 1, Duration.ofMillis(12)),
                new AgentStatus.Guard(true, null, 2, NOW.minusSeconds(600), 17),
                List.of(new AgentStatus.Fill("k8s-pod-network", "10.244.1.1-10.244.1.254", 253, 7)),
                new AgentStatus.Attachments(1, 2, 3, NOW.minusSeconds(1800), null),
                policy());
    }

    /** Of the same agent when its nftables table is not in force, for a reason or as it has not been looked at. */
    public static AgentStatus unguarded(@Nullable String problem) {
        AgentStatus ready = ready();
        return new AgentStatus(
                ready.node(),
                ready.started(),
                ready.taken(),
                ready.source(),
                ready.overlay(),
                ready.rejected(),
                ready.readyNodes(),
                ready.repairs(),
                ready.lastRepairs(),
                ready.rounds(),
                new AgentStatus.Guard(false, problem, 0, null, 0),
                ready.ipam(),
                ready.attachments(),
                ready.policy());
    }

    /** Of the same agent after one round more. */
    public static AgentStatus afterOneMoreRound(AgentStatus status, boolean well) {
        return new AgentStatus(
                status.node(),
                status.started(),
                status.taken(),
                status.source(),
                status.overlay(),
                status.rejected(),
                status.readyNodes(),
                status.repairs(),
                status.lastRepairs(),
                status.rounds().ended(well, Duration.ofMillis(30)),
                status.guard(),
                status.ipam(),
                status.attachments(),
                status.policy());
    }

    /** Of the same agent with others left out, where others are Ready. */
    public static AgentStatus leavingOut(List<Rejected> rejected, Set<String> readyNodes) {
        AgentStatus ready = ready();
        return new AgentStatus(
                ready.node(),
                ready.started(),
                ready.taken(),
                ready.source(),
                new AgentStatus.Overlay(true, List.of(device()), null, Map.of(), List.of(), List.of()),
                rejected,
                readyNodes,
                ready.repairs(),
                ready.lastRepairs(),
                ready.rounds(),
                ready.guard(),
                ready.ipam(),
                ready.attachments(),
                null);
    }
}
