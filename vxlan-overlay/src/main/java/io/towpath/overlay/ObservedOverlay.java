package io.towpath.overlay;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel shows of an overlay.
 *
 * @param devices the links that have the name of a desired device, by name
 * @param stale links of this node's overlay that are not desired any more
 * @param routes routes by other devices: all, or only those that {@link DirectRoutes} are
 * @param settings the values of the desired settings, devices' among them; one that does not exist is absent
 */
public record ObservedOverlay(
        Map<String, Device> devices, List<Link> stale, List<Route> routes, Map<String, String> settings) {
    public ObservedOverlay {
        devices = Map.copyOf(devices);
        stale = List.copyOf(stale);
        routes = List.copyOf(routes);
        settings = Map.copyOf(settings);
    }

    /**
     * A link with all that hangs on it.
     *
     * @param link the link
     * @param defersChecksums whether it leaves checksums to devices below
     * @param addresses of both families
     * @param routes by it, of all tables and both families
     * @param neighbours of both families
     * @param fdb its forwarding entries
     */
    public record Device(
            Link link,
            boolean defersChecksums,
            List<Address> addresses,
            List<Route> routes,
            List<Neighbour> neighbours,
            List<FdbEntry> fdb) {
        public Device {
            addresses = List.copyOf(addresses);
            routes = List.copyOf(routes);
            neighbours = List.copyOf(neighbours);
            fdb = List.copyOf(fdb);
        }
    }

    /**
     * Reads it.
     *
     * @param known what the last complete sync noted, null for nothing
     */
    static ObservedOverlay read(
            Rtnl rtnl, Host host, DesiredOverlay desired, NodeFacts facts, @Nullable KnownState known)
            throws LinuxException {
        Map<String, Device> devices = new HashMap<>();
        Map<String, String> settings = new HashMap<>();
        read(host, desired.settings(), settings);
        for (DesiredOverlay.Device device : desired.devices()) {
            Link link = facts.link(device.name());
            if (link != null) {
                // What cannot be written is not to be tried again in every round. Routers are an agent's table's to
                // refuse.
                boolean hasTable = known != null && known.isOfAgent();
                read(
                        host,
                        device.settings().stream()
                                .filter(setting -> host.canSet(setting.key()))
                                .filter(setting -> !hasTable || !setting.equals(device.noRouters()))
                                .toList(),
                        settings);
                devices.put(link.name(), device(rtnl, host, link, facts));
            }
        }
        List<Link> stale = new ArrayList<>();
        for (Link link : facts.links()) {
            boolean ours = isOf(desired.self(), link) || (known != null && known.isOf(link));
            if (ours && !desired.hasDevice(link.name())) {
                stale.add(link);
            }
        }
        return new ObservedOverlay(devices, stale, routesElsewhere(facts, devices), settings);
    }

    private static Device device(Rtnl rtnl, Host host, Link link, NodeFacts facts) throws LinuxException {
        List<Address> addresses = new ArrayList<>();
        for (Address address : facts.addresses()) {
            if (address.linkIndex() == link.index()) {
                addresses.add(address);
            }
        }
        return new Device(
                link,
                defersChecksums(host, link.name()),
                addresses,
                facts.allRoutes() ? routesBy(link, facts) : rtnl.routes(link.index()),
                rtnl.neighbours(link.index()),
                link.vxlan() == null ? List.of() : rtnl.fdb(link.index()));
    }

    private static List<Route> routesBy(Link link, NodeFacts facts) {
        List<Route> routes = new ArrayList<>();
        for (Route route : facts.routes()) {
            if (route.linkIndex() == link.index()) {
                routes.add(route);
            }
        }
        return routes;
    }

    private static List<Route> routesElsewhere(NodeFacts facts, Map<String, Device> devices) {
        Set<Integer> indexes = new HashSet<>();
        devices.values().forEach(device -> indexes.add(device.link().index()));
        List<Route> routes = new ArrayList<>();
        for (Route route : facts.routes()) {
            if (!indexes.contains(route.linkIndex())) {
                routes.add(route);
            }
        }
        return routes;
    }

    private static boolean defersChecksums(Host host, String device) throws LinuxException {
        try {
            return host.txChecksumOffload(device);
        } catch (LinuxException e) {
            if (e.is(Errno.EOPNOTSUPP)) {
                return false;
            }
            throw e;
        }
    }

    private static void read(Host host, List<DesiredOverlay.Setting> wanted, Map<String, String> into)
            throws LinuxException {
        for (DesiredOverlay.Setting setting : wanted) {
            String value = host.sysctl(setting.key());
            if (value != null) {
                into.put(setting.key(), value);
            }
        }
    }

    /**
     * Whether a link is a device that Towpath made for a node's overlay, whatever the VNI then was and whatever it is called by
     * now: by its kind and the MAC address, which nobody else derives from the node's name or is given for it.
     */
    static boolean isOf(Cluster.Node self, Link link) {
        String name = self.name();
        return link.vxlan() != null
                && List.of(VtepMac.of(name, false), VtepMac.of(name, true), self.vtepMac(false), self.vtepMac(true))
                        .contains(link.mac());
    }

    /** Whether a link has the form of a name and the kind of an overlay's device. */
    static boolean isNamed(Link link) {
        return family(link.name()) != null && link.vxlan() != null;
    }

    private static @Nullable Boolean family(String name) {
        boolean ipv6 = name.startsWith("flannel-v6.");
        if (!ipv6 && !name.startsWith("flannel.")) {
            return null;
        }
        int digits = ipv6 ? "flannel-v6.".length() : "flannel.".length();
        for (int i = digits; i < name.length(); i++) {
            if (name.charAt(i) < '0' || name.charAt(i) > '9') {
                return null;
            }
        }
        return name.length() > digits ? ipv6 : null;
    }
}
