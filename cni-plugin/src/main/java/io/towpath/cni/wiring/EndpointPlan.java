package io.towpath.cni.wiring;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The requests that make a pod's link what an {@link Endpoint} says, in the order in which they are to be sent. */
final class EndpointPlan {
    private static final int LINK_LOCAL_LENGTH = 64;

    private EndpointPlan() {}

    /** Both ends, the pod's already in its namespace and named, both down. */
    static LinkSpec link(Endpoint endpoint, int podNetNs) {
        return new LinkSpec.VethPair(
                endpoint.hostName(), Endpoint.HOST_MAC, endpoint.mtu(), endpoint.ifName(), endpoint.podMac(), podNetNs);
    }

    /**
     * Settings of the host's end that netlink has no message for. They come before the link is up, so that no router
     * advertisement of a pod is ever listened to.
     */
    static List<Sysctl> hostSysctls(Endpoint endpoint, Link host) {
        if (host.addrGenMode() < 0 && !endpoint.has(true)) {
            return List.of();
        }
        String device = "net/ipv6/conf/" + endpoint.hostName() + "/";
        List<Sysctl> sysctls = new ArrayList<>(3);
        if (endpoint.has(true)) {
            sysctls.add(new Sysctl(device + "disable_ipv6", "0"));
            sysctls.add(new Sysctl(device + "forwarding", "1"));
        }
        sysctls.add(new Sysctl(device + "accept_ra", "0"));
        return sysctls;
    }

    /** The host's end: whose it is, how it forwards, and up. */
    static Batch hostLink(Endpoint endpoint, Link host) {
        LinkChange settings = settings(host.index(), endpoint.ports())
                .withAlias(
                        endpoint.ports()
                                ? endpoint.mark().aliasWithPorts()
                                : endpoint.mark().alias())
                .with(Ipv4Devconf.RP_FILTER, 1);
        if (host.addrGenMode() >= 0) {
            settings = settings.withAddrGenMode(LinkChange.IN6_ADDR_GEN_MODE_NONE);
        }
        Batch batch = new Batch().setLink(settings).setProxyDelay(host.index(), 0);
        if (endpoint.has(true)) {
            batch.addAddress(linkLocal(host.index()));
        }
        return batch.setLink(LinkChange.of(host.index()).withUp(true));
    }

    private static LinkChange settings(int index, boolean ports) {
        LinkChange settings =
                LinkChange.of(index).with(Ipv4Devconf.FORWARDING, 1).with(Ipv4Devconf.PROXY_ARP, 1);
        // The node's connections to its own 127.0.0.1 go by this link, then.
        return ports ? settings.with(Ipv4Devconf.ROUTE_LOCALNET, 1) : settings;
    }

    /** The settings without which the host's end of a link that is marked does not forward. */
    static LinkChange settings(Link host) {
        return settings(host.index(), host.alias() != null && OwnerMark.hasPorts(host.alias()));
    }

    /** Which of these it has not, as far as the kernel tells. */
    static List<Ipv4Devconf> unset(Link host) {
        return settings(host).ipv4().entrySet().stream()
                .filter(setting ->
                        host.ipv4(setting.getKey()) != -1 && host.ipv4(setting.getKey()) != setting.getValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The pod's end. The neighbours are there for good, so the first packet waits for nobody's answer. */
    static Batch pod(Endpoint endpoint, int index) {
        int priority = endpoint.priority(index);
        Batch batch = new Batch().setLink(LinkChange.of(index).withUp(true));
        for (IpAddress address : endpoint.addresses()) {
            batch.addAddress(podAddress(index, address));
        }
        if (endpoint.has(false)) {
            batch.addNeighbour(gatewayNeighbour(index, false));
            batch.addRoute(gatewayRoute(index).withPriority(priority));
        }
        if (endpoint.has(true)) {
            batch.addNeighbour(gatewayNeighbour(index, true));
        }
        for (PodRoute route : endpoint.routes()) {
            batch.addRoute(route.orPriority(priority).on(index));
        }
        return batch;
    }

    /** The host's routes to the pod. */
    static Batch hostRoutes(Endpoint endpoint, int index) {
        Batch batch = new Batch();
        for (IpAddress address : endpoint.addresses()) {
            batch.addRoute(hostRoute(address, index));
        }
        return batch;
    }

    static Address linkLocal(int index) {
        return Address.of(index, new IpPrefix(Endpoint.GATEWAY_V6, LINK_LOCAL_LENGTH))
                .withScope(Route.RT_SCOPE_LINK)
                .noDad();
    }

    static Address podAddress(int index, IpAddress address) {
        Address plain = Address.of(index, IpPrefix.host(address));
        return address.ipv6() ? plain.noDad() : plain;
    }

    static Neighbour gatewayNeighbour(int index, boolean ipv6) {
        return Neighbour.permanent(index, Endpoint.gateway(ipv6), Endpoint.HOST_MAC);
    }

    static Route gatewayRoute(int index) {
        return Route.direct(IpPrefix.host(Endpoint.GATEWAY_V4), index);
    }

    static Route hostRoute(IpAddress address, int index) {
        return Route.direct(IpPrefix.host(address), index);
    }
}
