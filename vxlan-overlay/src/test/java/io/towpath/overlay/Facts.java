package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.DefaultRoute;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Facts of a node, put together for a test. */
final class Facts {
    private final List<Link> links = new ArrayList<>();
    private final List<Address> addresses = new ArrayList<>();
    private final List<Route> routes = new ArrayList<>();
    private final List<DefaultRoute> defaultRoutes = new ArrayList<>();
    private String kernel = "6.1.0";
    private Map<String, String> drivers = Map.of();
    private String hostName = "n1";

    Facts() {
        link(1, "lo", 65_536, Link.IFF_UP | Link.IFF_LOOPBACK);
    }

    /** A node with eth0 (index 2, MTU 1500) that has the addresses. */
    static Facts withEth0(String... prefixes) {
        return new Facts().link(2, "eth0", 1500, Link.IFF_UP).address(2, prefixes);
    }

    Facts link(int index, String name, int mtu, int flags) {
        links.add(
                new Link(index, name, null, mtu, flags, 0, 0, -1, 0, 1, 1, 0, null, new LinkKind.Other(""), Map.of()));
        return this;
    }

    Facts address(int link, String... prefixes) {
        for (String prefix : prefixes) {
            addresses.add(Address.of(link, IpPrefix.parse(prefix)));
        }
        return this;
    }

    Facts defaultRoute(int link, String all) {
        defaultRoutes.add(DefaultRoute.by(IpPrefix.parse(all).address().ipv6(), 0, link));
        return this;
    }

    /** A default route with next hops by several links. */
    Facts defaultRoute(boolean ipv6, int... links) {
        defaultRoutes.add(new DefaultRoute(ipv6, 0, Arrays.stream(links).boxed().toList()));
        return this;
    }

    /** An address with IFA_F_*. */
    Facts flagged(int link, String prefix, int flags) {
        addresses.add(Address.of(link, IpPrefix.parse(prefix)).withFlags(flags));
        return this;
    }

    /** A tunnel's device that is there already, index 9. */
    Facts tunnel(int underlay, String local) {
        IpAddress address = IpAddress.parse(local);
        Vxlan vxlan =
                Vxlan.builder(1).linkIndex(underlay).local(address).port(8472).build();
        String name = address.ipv6() ? "flannel-v6.1" : "flannel.1";
        links.add(new Link(
                9,
                name,
                null,
                1450,
                Link.IFF_UP,
                0,
                0,
                -1,
                0,
                1,
                1,
                0,
                null,
                new LinkKind.VxlanTunnel(vxlan),
                Map.of()));
        return this;
    }

    Facts route(Route route) {
        routes.add(route);
        return this;
    }

    Facts kernel(String release) {
        kernel = release;
        return this;
    }

    Facts driver(String link, String driver) {
        drivers = Map.of(link, driver);
        return this;
    }

    Facts hostName(String name) {
        hostName = name;
        return this;
    }

    NodeFacts build() {
        return new NodeFacts(hostName, kernel, links, addresses, routes, true, defaultRoutes, drivers);
    }
}
