package io.towpath.agent.overlay;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.overlay.DesiredOverlay;
import java.util.HashSet;
import java.util.Set;

/**
 * Which changes in the kernel are worth a round. Pods come and go, and nothing of that concerns the overlay.
 *
 * @param everything whether all are
 * @param devices the overlay's devices, by index
 * @param underlays the interfaces below, by index
 * @param names all of them, by name
 */
record Interest(boolean everything, Set<Integer> devices, Set<Integer> underlays, Set<String> names) {
    /** For a node of which nothing is known. */
    static final Interest EVERYTHING = new Interest(true, Set.of(), Set.of(), Set.of());

    Interest {
        devices = Set.copyOf(devices);
        underlays = Set.copyOf(underlays);
        names = Set.copyOf(names);
    }

    /** For an overlay that stands. */
    static Interest of(DesiredOverlay desired, Rtnl rtnl) throws NetlinkException {
        Set<Integer> devices = new HashSet<>();
        Set<Integer> underlays = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (DesiredOverlay.Device device : desired.devices()) {
            names.add(device.name());
            names.add(device.underlay());
            Link link = rtnl.link(device.name());
            if (link == null) {
                return EVERYTHING;
            }
            devices.add(link.index());
            underlays.add(device.attributes().linkIndex());
        }
        return new Interest(false, devices, underlays, names);
    }

    /** Whether an event may be about the overlay. */
    boolean concerns(RtnlEvent event) {
        if (everything) {
            return true;
        }
        return switch (event.kind()) {
            // By these the underlay is chosen, and packets are led to the overlay or past it.
            case LOST, GLOBAL_ADDRESS, DEFAULT_ROUTE, RULE -> true;
            case LINK -> isOfOverlay(event) || names.contains(event.linkName());
            // 0 is a route by several links, or by none.
            case ROUTE -> isOfOverlay(event) || event.linkIndex() == 0;
            case ADDRESS -> isOfOverlay(event);
            case SETTING -> isOfOverlay(event) || event.linkIndex() == RtnlEvent.ALL_LINKS;
            case NEIGHBOUR, FDB -> devices.contains(event.linkIndex());
        };
    }

    private boolean isOfOverlay(RtnlEvent event) {
        return devices.contains(event.linkIndex()) || underlays.contains(event.linkIndex());
    }
}
