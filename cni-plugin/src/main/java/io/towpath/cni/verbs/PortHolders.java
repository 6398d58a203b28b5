package io.towpath.cni.verbs;

import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.LinkSetup;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Who keeps a port of the node's that the request's pod wants, too. A pod whose DEL is late, or never comes, does not: that of a
 * namespace that is gone, and that of a pod deleted by force, whose containers may run on for a while.
 */
final class PortHolders implements HostPorts.HolderLook {
    private final Request request;
    private final Namespaces node;
    private final LinkSetup.LeaseLook leases;
    private final PolicyGate policies;

    PortHolders(Request request, Namespaces node, LinkSetup.LeaseLook leases, PolicyGate policies) {
        this.request = request;
        this.node = node;
        this.leases = leases;
        this.policies = policies;
    }

    @Override
    public boolean isLive(OwnerMark mark) throws IOException {
        if (!leases.isLive(mark)) {
            return false;
        }
        Link link = link(mark);
        if (link == null) {
            // It was made before the port was opened, and goes with the namespace of its other end.
            return false;
        }
        return !EndpointName.isOfPod(link.name(), mark) || !policies.isDeleted(request, link.name());
    }

    private @Nullable Link link(OwnerMark mark) throws NetlinkException {
        for (Link link : node.host().links()) {
            if (Links.isHostEnd(link) && Links.isMarked(link, mark)) {
                return link;
            }
        }
        return null;
    }
}
