package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Route;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which peers need no tunnel. */
class DirectRoutesTest {
    private static final int ETH0 = 2;
    private static final int ETH1 = 3;

    private static Route direct(String prefix, int link) {
        return Route.direct(IpPrefix.parse(prefix), link);
    }

    private static Route via(String prefix, String gateway) {
        return Route.via(IpPrefix.parse(prefix), IpAddress.parse(gateway), ETH0);
    }

    private static final List<Route> ROUTES = List.of(
            via("0.0.0.0/0", "192.168.0.254"),
            direct("192.168.0.0/16", ETH0),
            via("192.168.7.0/24", "192.168.0.7"),
            direct("192.168.7.7/32", ETH0),
            direct("192.168.8.0/24", ETH1),
            direct("192.168.9.0/24", ETH0).withType(Route.RTN_BLACKHOLE),
            direct("192.168.10.0/24", ETH0).withTable(77).withType(Route.RTN_UNREACHABLE),
            direct("192.168.11.0/24", ETH0).withPriority(9),
            via("192.168.11.0/24", "192.168.0.7").withPriority(-1),
            via("192.168.12.0/24", "192.168.0.7").withPriority(5),
            direct("192.168.12.0/24", ETH0).withPriority(9),
            Route.direct(IpPrefix.parse("192.168.13.0/24"), 0),
            direct("2001:db8::/64", ETH0),
            via("2001:db8:1::/64", "2001:db8::1"));

    @ParameterizedTest
    @CsvSource({
        "192.168.0.2, true",
        "10.0.0.1, false",
        "192.168.7.8, false",
        "192.168.7.7, true",
        "192.168.8.1, false",
        "192.168.9.1, false",
        "192.168.10.1, true",
        "192.168.11.1, true",
        "192.168.12.1, false",
        "192.168.13.1, false",
        "2001:db8::2, true",
        "2001:db8:1::2, false",
        "2001:db8:2::2, false",
    })
    void theLongestRouteDecides(String address, boolean direct) {
        IpAddress peer = IpAddress.parse(address);
        IpPrefix network = IpPrefix.parse(peer.ipv6() ? "fd00:a::/32" : "10.64.0.0/10");
        assertEquals(direct, new DirectRoutes(ROUTES, network).isDirect(peer, ETH0));
    }
}
