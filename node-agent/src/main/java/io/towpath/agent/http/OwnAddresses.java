package io.towpath.agent.http;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;

/** By which others can reach this node. */
final class OwnAddresses {
    /** Of kube-proxy's mode ipvs: it has the Services' addresses, and what comes for them goes to pods. */
    private static final String OF_SERVICES = "kube-ipvs0";

    private OwnAddresses() {}

    /** All global addresses that are the node's and no Service's. */
    static List<IpAddress> read() throws NetlinkException {
        List<IpAddress> addresses = new ArrayList<>();
        try (Rtnl rtnl = Rtnl.open()) {
            Link services = rtnl.link(OF_SERVICES);
            int ofServices = services == null ? 0 : services.index();
            for (Address address : rtnl.addresses()) {
                if (address.scope() == Route.RT_SCOPE_UNIVERSE && address.linkIndex() != ofServices) {
                    addresses.add(address.prefix().address());
                }
            }
        }
        return addresses;
    }
}
