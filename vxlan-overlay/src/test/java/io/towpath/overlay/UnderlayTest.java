package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which address the tunnel has where none is given, and that it stays. */
class UnderlayTest {
    private static final String GUESSED = ",\"addresses\":[\"192.168.0.1\"]";
    private static final String BOTH_GUESSED = ",\"addresses\":[\"192.168.0.1\",\"fd00::1\"]";

    private static Underlay choose(String keys, boolean ipv6, Facts facts) throws OverlayException {
        String json = Clusters.json(2, ipv6, keys).replace(BOTH_GUESSED, "").replace(GUESSED, "");
        Cluster cluster = Clusters.parse(json);
        NodeFacts built = facts.build();
        Cluster.Node self = built.self(cluster);
        if (self == null) {
            throw new AssertionError();
        }
        return Underlay.choose(cluster, self, built, ipv6);
    }

    private static String local(String keys, boolean ipv6, Facts facts) throws OverlayException {
        Underlay underlay = choose(keys, ipv6, facts);
        return underlay.local() + " " + underlay.link().name();
    }

    private static String refusal(String keys, boolean ipv6, Facts facts) {
        return String.valueOf(assertThrows(OverlayException.class, () -> choose(keys, ipv6, facts))
                .getMessage());
    }

    @Test
    void virtualAddressIsBehindOneWithASubnet() throws OverlayException {
        Facts facts = new Facts()
                .link(2, "eth0", 1500, Link.IFF_UP)
                .address(2, "192.168.0.100/32", "192.168.0.7/24", "fd00::100/128", "fd00::7/64")
                .defaultRoute(false, 2)
                .defaultRoute(true, 2);
        assertEquals("192.168.0.7 eth0", local("", false, facts));
        assertEquals("fd00::7 eth0", local("", true, facts));
        assertEquals("192.168.0.7 eth0", local("\"interface\":\"eth0\",", false, facts));
        assertEquals("192.168.0.7 eth0", local("\"interfaceRegex\":[\"^eth\"],", false, facts));
        assertEquals("fd00::7 eth0", local("\"interfaceCidr\":[\"fd00::/64\"],", true, facts));
    }

    @Test
    void addressWithoutASubnetIsOneWhereThereIsNoOther() throws OverlayException {
        Facts facts = Facts.withEth0("10.128.0.5/32").defaultRoute(false, 2);
        assertEquals("10.128.0.5 eth0", local("", false, facts));
        Facts several = Facts.withEth0("10.128.0.5/32", "10.128.0.6/32").defaultRoute(false, 2);
        assertEquals("10.128.0.5 eth0", local("", false, several));
    }

    @ParameterizedTest
    @CsvSource({
        Address.IFA_F_DEPRECATED + ", true",
        Address.IFA_F_DEPRECATED + ", false",
        Address.IFA_F_TENTATIVE + ", true",
        Address.IFA_F_TEMPORARY + ", true",
        Address.IFA_F_DADFAILED + ", true",
    })
    void whatPassesIsNoGuess(int flags, boolean ipv6) throws OverlayException {
        String passing = ipv6 ? "fd00::99" : "192.168.0.99";
        String own = ipv6 ? "fd00::7" : "192.168.0.7";
        String length = ipv6 ? "/64" : "/24";
        Facts facts = Facts.withEth0()
                .flagged(2, passing + length, flags)
                .address(2, own + length)
                .defaultRoute(ipv6, 2);
        assertEquals(own + " eth0", local("", ipv6, facts));
        Facts alone = Facts.withEth0().flagged(2, passing + length, flags).defaultRoute(ipv6, 2);
        assertEquals(
                "interface eth0 has no " + (ipv6 ? "IPv6" : "IPv4") + " address but " + passing
                        + " (deprecated, temporary or tentative): give it one, or correct the choice of the interface or"
                        + " the node's address",
                refusal("", ipv6, alone));
    }

    /** Where IPv6 says that an address is temporary, IPv4 says that it is not the first of its subnet. */
    @Test
    void secondAddressOfASubnetPassesNot() throws OverlayException {
        Facts facts = Facts.withEth0()
                .flagged(2, "192.168.0.7/24", Address.IFA_F_TEMPORARY)
                .defaultRoute(false, 2);
        assertEquals("192.168.0.7 eth0", local("", false, facts));
    }

    @Test
    void ofSeveralNextHopsTheFirstWithAnAddressIsTaken() throws OverlayException {
        Facts facts = Facts.withEth0()
                .link(3, "eth1", 1500, Link.IFF_UP)
                .address(3, "172.16.0.1/24")
                .defaultRoute(false, 2, 3);
        assertEquals("172.16.0.1 eth1", local("", false, facts));
    }

    private static Facts moved() {
        return Facts.withEth0("172.16.0.1/24", "192.168.0.7/24", "fd00::7/64")
                .link(3, "eth1", 1500, Link.IFF_UP)
                .address(3, "10.9.0.1/24", "fd09::1/64")
                .defaultRoute(false, 3)
                .defaultRoute(true, 3);
    }

    @Test
    void tunnelKeepsItsAddressWhateverComesBesideIt() throws OverlayException {
        assertEquals("10.9.0.1 eth1", local("", false, moved()));
        assertEquals("192.168.0.7 eth0", local("", false, moved().tunnel(2, "192.168.0.7")));
        assertEquals("fd00::7 eth0", local("", true, moved().tunnel(2, "fd00::7")));
        assertEquals("192.168.0.7 eth0", local("\"interface\":[\"eth0\"],", false, moved().tunnel(2, "192.168.0.7")));
        assertEquals(
                "192.168.0.7 eth0", local("\"interfaceRegex\":[\"^eth\"],", false, moved().tunnel(2, "192.168.0.7")));
    }

    @Test
    void tunnelLeavesAnInterfaceThatIsNotChosen() throws OverlayException {
        String keys = "\"interface\":\"eth1\",";
        assertEquals("10.9.0.1 eth1", local(keys, false, moved().tunnel(2, "192.168.0.7")));
        assertEquals(
                "10.9.0.1 eth1",
                local("\"interfaceCidr\":[\"10.9.0.0/16\"],", false, moved().tunnel(2, "192.168.0.7")));
    }

    @Test
    void tunnelFollowsItsAddressToAnotherInterface() throws OverlayException {
        assertEquals("192.168.0.7 eth0", local("", false, moved().tunnel(3, "192.168.0.7")));
    }

    @Test
    void tunnelWithAnAddressOfLoopbackStaysOnItsWay() throws OverlayException {
        Facts facts = moved().address(1, "192.0.2.1/32").tunnel(2, "192.0.2.1");
        assertEquals("192.0.2.1 eth0", local("", false, facts));
    }

    @Test
    void anAddressThatIsGoneGivesItsPlaceToOneWithASubnetAlone() throws OverlayException {
        Facts renewed = Facts.withEth0("192.168.0.100/32", "192.168.0.8/24")
                .defaultRoute(false, 2)
                .tunnel(2, "192.168.0.7");
        assertEquals("192.168.0.8 eth0", local("", false, renewed));
        Facts renewing =
                Facts.withEth0("192.168.0.100/32").defaultRoute(false, 2).tunnel(2, "192.168.0.7");
        assertEquals(
                "the tunnel's address 192.168.0.7 is gone, and interface eth0 has no other but 192.168.0.100/32, which may"
                        + " be a virtual one: bring back the address, or name the node's address",
                refusal("", false, renewing));
    }
}
