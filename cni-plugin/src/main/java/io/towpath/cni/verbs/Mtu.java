package io.towpath.cni.verbs;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.DefaultRoute;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;

/** What a pod's packets may have, where neither configuration nor node state says. */
final class Mtu {
    private static final List<String> OVERLAY_DEVICES = List.of("flannel.1", "flannel-v6.1");
    private static final int ETHERNET = 1500;

    private Mtu() {}

    /**
     * In bytes: that of the overlay's device, else the smallest of the links that the node's best default route of each family
     * leads by, else Ethernet's.
     */
    static int ofNode(Rtnl host) throws NetlinkException {
        for (String device : OVERLAY_DEVICES) {
            Link link = host.link(device);
            if (link != null) {
                return link.mtu();
            }
        }
        int mtu = Integer.MAX_VALUE;
        boolean hasIpv4 = false;
        boolean hasIpv6 = false;
        for (DefaultRoute route : host.defaultRoutes()) {
            boolean isBest = route.ipv6() ? !hasIpv6 : !hasIpv4;
            hasIpv4 |= !route.ipv6();
            hasIpv6 |= route.ipv6();
            for (int index : isBest ? route.links() : List.<Integer>of()) {
                Link link = host.link(index);
                mtu = link == null ? mtu : Math.min(mtu, link.mtu());
            }
        }
        return mtu == Integer.MAX_VALUE ? ETHERNET : mtu;
    }
}
