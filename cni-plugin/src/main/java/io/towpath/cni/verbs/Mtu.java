package io.towpath.cni.verbs;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;

/** What a pod's packets may have, where neither configuration nor node state says. */
final class Mtu {
    private static final List<String> OVERLAY_DEVICES = List.of("flannel.1", "flannel-v6.1");
    private static final int ETHERNET = 1500;

    private Mtu() {}

    /** In bytes: that of the overlay's device, else of the link of the node's default route, else Ethernet's. */
    static int ofNode(Rtnl host) throws NetlinkException {
        for (String device : OVERLAY_DEVICES) {
            Link link = host.link(device);
            if (link != null) {
                return link.mtu();
            }
        }
        for (Route route : host.routes()) {
            boolean isDefault = route.destination().length() == 0 && route.table() == Route.RT_TABLE_MAIN;
            Link link = isDefault && route.linkIndex() != 0 ? host.link(route.linkIndex()) : null;
            if (link != null) {
                return link.mtu();
            }
        }
        return ETHERNET;
    }
}
