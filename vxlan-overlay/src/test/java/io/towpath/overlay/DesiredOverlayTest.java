package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Link;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DesiredOverlayTest {
    private static DesiredOverlay desired(String clusterKeys, boolean ipv6, Facts facts) throws OverlayException {
        return DesiredOverlay.of(Clusters.parse(Clusters.json(3, ipv6, clusterKeys)), facts.build());
    }

    private static String refusal(String clusterKeys, boolean ipv6, Facts facts) {
        OverlayException e = assertThrows(OverlayException.class, () -> desired(clusterKeys, ipv6, facts));
        return String.valueOf(e.getMessage());
    }

    /** Why IPv6 is left out, and nothing else is. */
    private static String leftOut(String clusterKeys, Facts facts) throws OverlayException {
        DesiredOverlay overlay = desired(clusterKeys, true, facts);
        assertEquals("flannel.1", overlay.devices().getFirst().name());
        assertEquals(2, overlay.devices().getFirst().peers().size());
        assertEquals(1, overlay.devices().size());
        assertTrue(overlay.hasDevice("flannel-v6.1"));
        assertEquals(
                List.of("net/ipv4/ip_forward = 1"),
                overlay.settings().stream().map(Object::toString).toList());
        return overlay.leftOut().getFirst().reason();
    }

    @Test
    void podsKeepTheAddressesOfAFamilyThatIsLeftOutIfTheirLinksCan() throws OverlayException {
        DesiredOverlay gone = desired("", true, Facts.withEth0("192.168.0.1/16"));
        assertEquals(List.of("10.64.1.0/24", "fd00:a:1::/64"), texts(gone.podSlices()));
        Facts small = new Facts().link(2, "eth0", 1320, Link.IFF_UP).address(2, "192.168.0.1/16", "fd00::1/64");
        DesiredOverlay tooSmall = desired("", true, small);
        assertTrue(tooSmall.leftOut().getFirst().reason().contains("needs at least 1350"));
        assertEquals(1270, tooSmall.mtu());
        assertEquals(List.of("10.64.1.0/24"), texts(tooSmall.podSlices()));
    }

    private static List<String> texts(List<IpPrefix> prefixes) {
        return prefixes.stream().map(IpPrefix::toString).toList();
    }

    @Test
    void oneFamily() throws OverlayException {
        DesiredOverlay overlay = desired("", false, Facts.withEth0("192.168.0.1/16"));
        assertEquals("n1", overlay.node());
        assertEquals(1, overlay.devices().size());
        DesiredOverlay.Device device = overlay.devices().getFirst();
        assertEquals("flannel.1", device.name());
        assertEquals(1450, device.mtu());
        assertEquals(IpPrefix.parse("10.64.1.0/32"), device.address());
        assertEquals(VtepMac.of("n1", false), device.mac());
        assertEquals(2, device.attributes().linkIndex());
        assertEquals(IpAddress.parse("192.168.0.1"), device.attributes().local());
        assertEquals(8472, device.attributes().port());
        assertFalse(device.attributes().learning());
        assertEquals(
                List.of("n2", "n3"),
                device.peers().stream().map(DesiredOverlay.Peer::node).toList());
        assertEquals(IpAddress.parse("10.64.2.0"), device.peers().getFirst().gateway());
        assertEquals(
                List.of("net/ipv4/ip_forward = 1"),
                overlay.settings().stream().map(Object::toString).toList());
    }

    @Test
    void twoFamilies() throws OverlayException {
        DesiredOverlay overlay = desired("", true, Facts.withEth0("192.168.0.1/16", "fd00::1/64"));
        assertEquals(
                List.of("flannel.1", "flannel-v6.1"),
                overlay.devices().stream().map(DesiredOverlay.Device::name).toList());
        assertEquals(1430, overlay.devices().get(1).mtu());
        assertEquals(1430, overlay.mtu());
        assertEquals(
                VtepMac.of("n2", true),
                overlay.devices().get(1).peers().getFirst().mac());
        assertEquals(2, overlay.settings().size());
    }

    @Test
    void aPeerWithoutASliceOfTheFamilyIsNoPeerOfThatDevice() throws OverlayException {
        String json = Clusters.json(3, true, "").replace(",\"fd00:a:3::/64\"", "");
        DesiredOverlay overlay = DesiredOverlay.of(
                Clusters.parse(json),
                Facts.withEth0("192.168.0.1/16", "fd00::1/64").build());
        assertEquals(2, overlay.devices().get(0).peers().size());
        assertEquals(1, overlay.devices().get(1).peers().size());
    }

    @Test
    void aClusterOfOne() throws OverlayException {
        DesiredOverlay overlay = DesiredOverlay.of(
                Clusters.of(1, false), Facts.withEth0("192.168.0.1/16").build());
        assertEquals(List.of(), overlay.devices().getFirst().peers());
    }

    @Test
    void theNamedInterfaceComesFirst() throws OverlayException {
        Facts facts = Facts.withEth0("192.168.0.1/16")
                .link(3, "eth1", 9000, Link.IFF_UP)
                .address(3, "172.16.0.1/24");
        DesiredOverlay.Device device =
                desired("\"interface\":\"eth1\",", false, facts).devices().getFirst();
        assertEquals(3, device.attributes().linkIndex());
        assertEquals("eth1", device.underlay());
        assertEquals(8950, device.mtu());
        // The node's address is the host's, so it is what the others see.
        assertEquals(IpAddress.parse("192.168.0.1"), device.attributes().local());
    }

    @Test
    void thenTheOneWithTheAddress() throws OverlayException {
        Facts facts = Facts.withEth0("172.16.0.1/24")
                .link(3, "eth1", 1500, Link.IFF_UP)
                .address(3, "192.168.0.1/16")
                .defaultRoute(2, "0.0.0.0/0");
        assertEquals("eth1", desired("", false, facts).devices().getFirst().underlay());
    }

    @Test
    void thenTheDefaultRoutesWithItsOwnAddress() throws OverlayException {
        Facts facts = Facts.withEth0("172.16.0.1/24").defaultRoute(2, "0.0.0.0/0");
        DesiredOverlay.Device device = desired("", false, facts).devices().getFirst();
        assertEquals("eth0", device.underlay());
        assertEquals(IpAddress.parse("172.16.0.1"), device.attributes().local());
    }

    @Test
    void anAddressOnLoopbackIsTheSourceButNotTheWay() throws OverlayException {
        Facts facts =
                Facts.withEth0("172.16.0.1/24").address(1, "192.168.0.1/32").defaultRoute(2, "0.0.0.0/0");
        DesiredOverlay.Device device = desired("", false, facts).devices().getFirst();
        assertEquals("eth0", device.underlay());
        assertEquals(IpAddress.parse("192.168.0.1"), device.attributes().local());
    }

    @Test
    void theClusterFilesMtuIsTheUnderlays() throws OverlayException {
        Facts facts = Facts.withEth0("192.168.0.1/16");
        assertEquals(1350, desired("\"mtu\":1400,", false, facts).mtu());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"interface\":[\"eth7\",\"eth1\",\"eth2\"] | eth1 | 172.16.0.1 |",
                "\"interface\":\"10.9.0.3\" | eth2 | 10.9.0.3 |",
                "\"interfaceRegex\":[\"^nothing\",\"[hH]2$\"] | eth2 | 10.9.0.2 |",
                "\"interfaceRegex\":[\"0\\\\.3$\"] | eth2 | 10.9.0.3 |",
                "\"interfaceCidr\":[\"10.8.0.0/16\",\"10.9.0.0/16\"] | eth2 | 10.9.0.2 |",
                "\"interfaceCidr\":[\"fd00::/8\"] | eth3 | 192.0.2.3 |",
                "\"interface\":\"eth8\",\"interfaceRegex\":[\"eth1\"] | eth1 | 172.16.0.1 |",
                "\"interface\":\"eth8\",\"interfaceRegex\":[\"^e.h7\"],\"interfaceCidr\":[\"10.0.0.0/24\"] | | |"
                        + "there is no interface eth8 or matching \"^e.h7\" or in 10.0.0.0/24 with an IPv4 address: correct"
                        + " the choice of the underlay's interface, or leave it to the default route",
            })
    void theChosenInterfacesAddressIsTheNodesWhereNoneIsGiven(
            String keys, @Nullable String device, @Nullable String address, @Nullable String error)
            throws OverlayException {
        Facts facts = Facts.withEth0()
                .link(3, "eth1", 1500, Link.IFF_UP)
                .address(3, "172.16.0.1/24")
                .link(4, "eth2", 1500, Link.IFF_UP)
                .address(4, "10.9.0.2/24", "10.9.0.3/24")
                .link(5, "eth3", 1500, Link.IFF_UP)
                .address(5, "192.0.2.3/24", "fd00::3/64")
                .defaultRoute(5, "0.0.0.0/0");
        Cluster cluster =
                Clusters.parse(Clusters.json(3, false, keys + ",").replace(",\"addresses\":[\"192.168.0.1\"]", ""));
        if (error != null) {
            OverlayException e = assertThrows(OverlayException.class, () -> DesiredOverlay.of(cluster, facts.build()));
            assertEquals(error, e.getMessage());
            return;
        }
        DesiredOverlay overlay = DesiredOverlay.of(cluster, facts.build());
        assertEquals(device, overlay.devices().getFirst().underlay());
        assertEquals(
                IpAddress.parse(String.valueOf(address)),
                overlay.devices().getFirst().attributes().local());
        assertEquals(
                List.of(IpAddress.parse(String.valueOf(address))),
                overlay.self().addresses());
    }

    @Test
    void theAddressThatTheOthersSeeNeedNotBeTheInterfaces() throws OverlayException {
        Facts facts = Facts.withEth0("172.16.0.1/24").defaultRoute(2, "0.0.0.0/0");
        DesiredOverlay overlay = desired("", false, facts);
        assertEquals(List.of(IpAddress.parse("192.168.0.1")), overlay.self().addresses());
        assertEquals(
                IpAddress.parse("172.16.0.1"),
                overlay.devices().getFirst().attributes().local());
    }

    @Test
    void theHostsNameServesWithoutANodeKey() throws OverlayException {
        String json = Clusters.json(3, false, "").replace("\"node\":\"n1\",", "");
        NodeFacts facts = Facts.withEth0("192.168.0.2/16").hostName("N2").build();
        assertEquals("n2", DesiredOverlay.of(Clusters.parse(json), facts).node());
    }

    @Test
    void errorsNameTheMend() throws OverlayException {
        Facts plain = Facts.withEth0("192.168.0.1/16");
        assertEquals(
                "there is no interface eth7 with an IPv4 address: correct the choice of the underlay's interface, or leave it to"
                        + " the default route",
                refusal("\"interface\":\"eth7\",", false, plain));
        assertTrue(refusal("\"mtu\":9000,", false, plain).startsWith("the cluster's mtu 9000 is more than the 1500"));
        assertTrue(leftOut("", plain).startsWith("no interface has the address fd00::1 of node n1"));
        assertTrue(leftOut("\"interface\":\"eth0\",", plain).startsWith("interface eth0 has no IPv6 address"));
        Facts none = new Facts().link(2, "eth0", 1500, Link.IFF_UP);
        assertTrue(refusal("", true, none).contains("no IPv4 default route"), refusal("", true, none));
        assertTrue(refusal("", true, none).contains("no IPv6 default route"), refusal("", true, none));
        Facts small = new Facts().link(2, "eth0", 576, Link.IFF_UP).address(2, "192.168.0.1/16");
        assertTrue(refusal("", false, small).contains("needs at least 626"));
        String json = Clusters.json(3, false, "").replace("\"node\":\"n1\",", "");
        Cluster cluster = Clusters.parse(json);
        OverlayException unknown = assertThrows(
                OverlayException.class,
                () -> DesiredOverlay.of(cluster, plain.hostName("zebra").build()));
        assertEquals(
                "this host's name \"zebra\" is not in the cluster file's nodes: add it there, or set the key \"node\" to one of n1, n2, n3",
                unknown.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "5.6.19-generic,,true",
        "4.18.0-553.el8,,true",
        "3.10.0,,true",
        "5.7.0,,false",
        "6.1.0-32-amd64,virtio_net,false",
        "10.2,,false",
        "6.1.0,vmxnet3,true",
        "unknown,,false",
        "5,,false",
        "'',,false",
        "5.x,,false"
    })
    void checksumsAreComputedOnlyWhereOffloadIsBroken(String kernel, String driver, boolean broken)
            throws OverlayException {
        Facts facts = Facts.withEth0("192.168.0.1/16").kernel(kernel);
        if (driver != null) {
            facts.driver("eth0", driver);
        }
        assertEquals(broken, desired("", false, facts).devices().getFirst().computesChecksums());
    }

    @Test
    void filesForOthers() throws OverlayException {
        DesiredOverlay overlay = desired("", true, Facts.withEth0("192.168.0.1/16", "fd00::1/64"));
        assertEquals(
                "{\"node\":\"n1\",\"networks\":[\"10.64.0.0/10\",\"fd00:a::/32\"],"
                        + "\"slices\":[\"10.64.1.0/24\",\"fd00:a:1::/64\"],\"mtu\":1430,\"device\":\"flannel.1\"}\n",
                new String(NodeFiles.nodeState(overlay), StandardCharsets.UTF_8));
        assertEquals("""
                FLANNEL_NETWORK=10.64.0.0/10
                FLANNEL_SUBNET=10.64.1.1/24
                FLANNEL_IPV6_NETWORK=fd00:a::/32
                FLANNEL_IPV6_SUBNET=fd00:a:1::1/64
                FLANNEL_MTU=1430
                FLANNEL_IPMASQ=false
                """, new String(NodeFiles.subnetEnv(overlay, false), StandardCharsets.UTF_8));
    }
}
