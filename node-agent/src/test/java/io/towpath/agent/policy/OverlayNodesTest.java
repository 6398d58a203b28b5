package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.policy.explain.Nodes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OverlayNodesTest {
    private static List<IpAddress> addresses(String... texts) {
        return Stream.of(texts).map(IpAddress::parse).toList();
    }

    private static DesiredOverlay.Device ofIpv6() {
        return new DesiredOverlay.Device(
                "flannel-v6.1",
                MacAddress.parse("0e:00:00:00:00:01"),
                1430,
                Vxlan.builder(1).port(8472).local(IpAddress.parse("fd01::1")).build(),
                "eth0",
                IpPrefix.parse("fd00:1::/64"),
                IpPrefix.parse("fd00::/16"),
                false,
                List.of(new DesiredOverlay.Peer(
                        "b",
                        IpPrefix.parse("fd00:2::/64"),
                        IpAddress.parse("fd01::2"),
                        MacAddress.parse("0e:00:00:00:00:02"),
                        true,
                        List.of())));
    }

    @Test
    void nodesHaveTheAddressesOfAllFamilies() {
        assertEquals(
                new Nodes(
                        List.of(
                                new Nodes.Node(
                                        "a",
                                        addresses("192.168.0.1", "fd01::1"),
                                        addresses("10.244.1.0", "fd00:1::"),
                                        addresses("192.168.0.1", "fd01::1")),
                                new Nodes.Node(
                                        "b",
                                        addresses("192.168.0.2", "fd01::2"),
                                        addresses("10.244.2.0", "fd00:2::"),
                                        addresses("fd01::2")),
                                new Nodes.Node("c", addresses("192.168.0.3"), addresses("10.244.3.0"), addresses())),
                        true,
                        "a",
                        addresses("169.254.1.1", "fe80::ecee:eeff:feee:eeee")),
                OverlayNodes.of("a", List.of(Statuses.device(), ofIpv6()), true));
    }

    @Test
    void theyAreToldWhenTheyAreOthers() {
        List<Nodes> told = new ArrayList<>();
        OverlayNodes nodes = new OverlayNodes(false, told::add);
        nodes.accept(AgentStatus.starting(null, "kubernetes", Statuses.START));
        assertEquals(0, told.size());
        nodes.accept(Statuses.ready());
        nodes.accept(Statuses.ready());
        assertEquals(1, told.size());
        assertEquals(3, told.getFirst().all().size());
        nodes.accept(AgentStatus.starting(null, "kubernetes", Statuses.START));
        assertEquals(1, told.size(), "whose node it is is not known");
        nodes.accept(AgentStatus.starting("a", "kubernetes", Statuses.START));
        assertEquals(2, told.size());
        assertEquals(List.of(), told.getLast().all());
    }
}
