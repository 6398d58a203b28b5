package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Cluster.Node;
import io.towpath.overlay.Family;
import io.towpath.overlay.NodeAddresses;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.overlay.UnderlayChoice;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a live cluster of two families comes to on this node. */
class LiveClusterTest {
    private static final NodeAddresses OWN =
            new NodeAddresses(Set.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1")), Set.of());
    private static final Node SELF = node("n1", "10.64.1.0/24", "fd64:0:0:1::/64");

    private static Node node(String name, String... slices) {
        return new Node(name, Stream.of(slices).map(IpPrefix::parse).toList(), List.of(), null, null);
    }

    private static LiveCluster live(@Nullable LiveCluster before, List<Rejected> rejected, Node... nodes)
            throws OverlayException {
        return live(OWN, before, rejected, nodes);
    }

    private static LiveCluster live(
            NodeAddresses own, @Nullable LiveCluster before, List<Rejected> rejected, Node... nodes)
            throws OverlayException {
        Cluster cluster = new Cluster(
                List.of(IpPrefix.parse("10.64.0.0/10"), IpPrefix.parse("fd64::/48")),
                "n1",
                UnderlayChoice.AUTOMATIC,
                1,
                8472,
                0,
                false,
                false,
                false,
                List.of(nodes));
        List<IpAddress> addresses = List.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1"));
        return LiveCluster.of(
                new ClusterFacts.Live(cluster, rejected, Map.of(), addresses), OwnChoices.NONE, own, before);
    }

    @Test
    void whatIsWrongWithOneFamilyOfThisNodeTakesNothingFromIt() throws Exception {
        LiveCluster well = live(null, List.of(), SELF);
        assertEquals(
                List.of(SELF.withAddresses(List.of(IpAddress.parse("192.168.0.1"), IpAddress.parse("fd00::1")))),
                well.cluster().nodes());
        LiveCluster outside = live(well, List.of(), node("n1", "10.64.1.0/24", "fd99:0:0:1::/64"));
        assertEquals(well.cluster(), outside.cluster());
        assertEquals(1, outside.rejected().size());
        assertEquals(Family.IPV6, outside.rejected().getFirst().family());
        Rejected unread = new Rejected("n1", Family.IPV6, "its public-ipv6-overwrite is \"here\"");
        LiveCluster unreadable = live(outside, List.of(unread), node("n1", "10.64.1.0/24"));
        assertEquals(well.cluster(), unreadable.cluster());
        assertEquals(List.of(unread), unreadable.rejected());
        // What the cluster takes away is gone.
        LiveCluster one = live(unreadable, List.of(), node("n1", "10.64.1.0/24"));
        assertEquals(1, one.cluster().nodes().getFirst().slices().size());
    }

    /** As that of a load balancer before it: the node's is guessed then. */
    @Test
    void anAddressThatTheNodeHasNotIsNotItsOwn() throws Exception {
        NodeAddresses own = new NodeAddresses(Set.of(IpAddress.parse("fd00::1")), Set.of());
        assertEquals(
                List.of(SELF.withAddresses(List.of(IpAddress.parse("fd00::1")))),
                live(own, null, List.of(), SELF).cluster().nodes());
    }

    @Test
    void withoutAnEarlierOneTheOtherFamilyIsServedAlone() throws Exception {
        LiveCluster outside = live(null, List.of(), node("n1", "10.64.1.0/24", "fd99:0:0:1::/64"));
        assertEquals(
                List.of(IpPrefix.parse("10.64.1.0/24")),
                outside.cluster().nodes().getFirst().slices());
        assertThrows(
                OverlayException.class, () -> live(null, List.of(), node("n1", "10.200.0.0/24", "fd99:0:0:1::/64")));
    }
}
