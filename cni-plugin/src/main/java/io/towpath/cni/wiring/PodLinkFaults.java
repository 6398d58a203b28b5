package io.towpath.cni.wiring;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What is wrong with the node's ends of pods' links, as an operator is told. */
public final class PodLinkFaults {
    private PodLinkFaults() {}

    /**
     * What pods' links lack without which packets do not pass, each with the link's name: that they are up, their settings, the gateway
     * of a pod that has IPv6. Changes nothing.
     *
     * @param rtnl a session with the node's network namespace
     */
    public static List<String> of(Rtnl rtnl) throws NetlinkException {
        Set<Integer> withGateway = new HashSet<>();
        for (Address address : rtnl.addresses()) {
            if (address.prefix().address().equals(Endpoint.GATEWAY_V6)) {
                withGateway.add(address.linkIndex());
            }
        }
        Set<Integer> withIpv6 = new HashSet<>();
        for (Route route : rtnl.routes()) {
            if (route.isToOne() && route.ipv6()) {
                withIpv6.add(route.linkIndex());
            }
        }
        List<String> faults = new ArrayList<>();
        for (Link link : rtnl.links()) {
            if (!Links.isHostEnd(link) || !Links.isMarked(link)) {
                continue;
            }
            if (!link.isUp()) {
                faults.add(link.name() + " is down");
                continue;
            }
            for (Ipv4Devconf setting : EndpointPlan.unset(link)) {
                faults.add(link.name() + " has " + setting.name().toLowerCase(Locale.ROOT) + " off");
            }
            if (withIpv6.contains(link.index()) && !withGateway.contains(link.index())) {
                faults.add(link.name() + " has not the address " + Endpoint.GATEWAY_V6);
            }
        }
        return faults;
    }
}
