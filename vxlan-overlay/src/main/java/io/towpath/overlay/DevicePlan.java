package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.DesiredOverlay.Device;
import io.towpath.overlay.DesiredOverlay.Peer;
import io.towpath.overlay.DesiredOverlay.Setting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to do for one device.
 *
 * @param device how it must be
 * @param replaces a link that has its name but cannot be made what it must be, null if there is none
 * @param creates whether it is to be created
 * @param link its index, 0 if it is to be created
 * @param attributes what to mend of the link before its settings
 * @param settings what to write below /proc/sys
 * @param disablesOffload whether to have it compute checksums itself
 * @param steps the rest, in order
 */
record DevicePlan(
        Device device,
        @Nullable Link replaces,
        boolean creates,
        int link,
        List<Step> attributes,
        List<Setting> settings,
        boolean disablesOffload,
        List<Step> steps) {

    private static final int IPV6_MIN_MTU = 1280;

    /** @param elsewhere the routes by other devices */
    static DevicePlan between(
            Device desired,
            ObservedOverlay.@Nullable Device observed,
            List<Route> elsewhere,
            Map<String, String> settings) {
        if (observed == null || !isMendable(desired, observed)) {
            RoutePlan routes = new RoutePlan(desired, 0, List.of(), elsewhere);
            FdbPlan fdb = new FdbPlan(desired, 0, List.of());
            List<Step> steps = new ArrayList<>(4 + 3 * desired.peers().size());
            addressMissing(desired, steps);
            steps.add(Step.put(
                    null,
                    "up",
                    (batch, link) -> batch.setLink(LinkChange.of(link).withUp(true))));
            steps.addAll(routes.removals());
            for (Peer peer : desired.peers()) {
                if (!peer.direct()) {
                    neighbourMissing(peer, steps);
                    fdb.put(peer, steps);
                }
                routes.put(peer, steps);
            }
            // A device computes checksums itself only when told to.
            return new DevicePlan(
                    desired,
                    observed == null ? null : observed.link(),
                    true,
                    0,
                    // It may come into being without, though the node forwards.
                    desired.ipv6() ? List.of() : List.of(forwarding()),
                    desired.settings(),
                    desired.computesChecksums(),
                    List.copyOf(steps));
        }
        Link link = observed.link();
        return new DevicePlan(
                desired,
                null,
                false,
                link.index(),
                attributes(desired, link),
                settings(desired, link, settings),
                desired.computesChecksums() && observed.defersChecksums(),
                steps(desired, observed, elsewhere));
    }

    /** Whether nothing is to be done. */
    boolean isEmpty() {
        return !creates && attributes.isEmpty() && settings.isEmpty() && !disablesOffload && steps.isEmpty();
    }

    /** The number of things to do. */
    int size() {
        return (replaces == null ? 0 : 1)
                + (creates ? 1 : 0)
                + attributes.size()
                + settings.size()
                + (disablesOffload ? 1 : 0)
                + steps.size();
    }

    /** Of the peers whose forwarding entries are put right, those for which the kernel does not show them. */
    List<Peer> undone(int link, List<FdbEntry> seen) {
        FdbPlan now = new FdbPlan(device, link, seen);
        Set<String> put = new HashSet<>();
        for (Step step : steps) {
            if (step.peer() != null && step.kind().equals(FdbPlan.KIND)) {
                put.add(step.peer());
            }
        }
        return device.peers().stream()
                .filter(peer -> !peer.direct() && put.contains(peer.node()) && !now.isRight(peer))
                .toList();
    }

    /** Whether any forwarding entry is put right. */
    boolean putsFdb() {
        return steps.stream()
                .anyMatch(step -> step.peer() != null && step.kind().equals(FdbPlan.KIND));
    }

    // Some of these a newer kernel can change in place, but not all, and none without a moment of half a device.
    private static boolean isMendable(Device desired, ObservedOverlay.Device observed) {
        Vxlan attributes = observed.link().vxlan();
        boolean mendable = attributes != null && attributes.equals(desired.attributes());
        for (Address address : observed.addresses()) {
            // The right address in a wrong way cannot be changed, and routes would go with it while it is away.
            mendable &= !address.prefix().equals(desired.address())
                    || (address.peer() == null && address.scope() == Route.RT_SCOPE_UNIVERSE);
        }
        return mendable;
    }

    private static List<Step> attributes(Device desired, Link link) {
        List<Step> steps = new ArrayList<>(2);
        if (link.mtu() != desired.mtu()) {
            steps.add(Step.put(
                    null,
                    "mtu",
                    (batch, index) -> batch.setLink(LinkChange.of(index).withMtu(desired.mtu()))));
        }
        if (!desired.mac().equals(link.mac())) {
            steps.add(Step.put(
                    null,
                    "mac",
                    (batch, index) -> batch.setLink(LinkChange.of(index).withMac(desired.mac()))));
        }
        if (link.masterIndex() != 0) {
            steps.add(Step.put(
                    null,
                    "master",
                    (batch, index) -> batch.setLink(LinkChange.of(index).withMaster(0))));
        }
        if (!desired.ipv6() && link.ipv4(Ipv4Devconf.FORWARDING) == 0) {
            steps.add(forwarding());
        }
        return List.copyOf(steps);
    }

    /** IPv6 has such a setting for each device too, and goes by that of all. */
    private static Step forwarding() {
        return Step.put(
                null,
                "forwarding",
                (batch, index) -> batch.setLink(LinkChange.of(index).with(Ipv4Devconf.FORWARDING, 1)));
    }

    private static List<Setting> settings(Device desired, Link link, Map<String, String> observed) {
        List<Setting> wrong = new ArrayList<>(2);
        for (Setting setting : desired.settings()) {
            String value = observed.get(setting.key());
            // The kernel takes IPv6, and its settings, off a link whose MTU is too small, and gives them back with
            // another.
            boolean willExist = value == null && link.mtu() < IPV6_MIN_MTU && desired.mtu() >= IPV6_MIN_MTU;
            if (willExist || (value != null && !value.equals(setting.value()))) {
                wrong.add(setting);
            }
        }
        return List.copyOf(wrong);
    }

    private static List<Step> steps(Device desired, ObservedOverlay.Device observed, List<Route> elsewhere) {
        List<Step> steps = new ArrayList<>();
        addresses(desired, observed, steps);
        if (!observed.link().isUp()) {
            steps.add(Step.put(
                    null,
                    "up",
                    (batch, link) -> batch.setLink(LinkChange.of(link).withUp(true))));
        }
        RoutePlan routes = new RoutePlan(desired, observed.link().index(), observed.routes(), elsewhere);
        steps.addAll(routes.removals());
        for (Peer peer : desired.peers()) {
            if (peer.direct()) {
                routes.put(peer, steps);
            }
        }
        Set<IpAddress> resolved = staleNeighbours(desired, observed, steps);
        FdbPlan fdb = new FdbPlan(desired, observed.link().index(), observed.fdb());
        for (Peer peer : desired.peers()) {
            if (peer.direct()) {
                continue;
            }
            if (!resolved.contains(peer.gateway())) {
                neighbourMissing(peer, steps);
            }
            fdb.put(peer, steps);
            routes.put(peer, steps);
        }
        steps.addAll(fdb.removals());
        return List.copyOf(steps);
    }

    private static void addresses(Device desired, ObservedOverlay.Device observed, List<Step> steps) {
        List<Step> stale = new ArrayList<>();
        boolean present = false;
        for (Address address : observed.addresses()) {
            if (address.prefix().equals(desired.address())) {
                present = true;
            } else if (desired.network().contains(address.prefix().address())) {
                stale.add(Step.remove("address " + address.prefix(), (batch, link) -> batch.deleteAddress(address)));
            }
        }
        // The kernel drops a link's routes with its last IPv4 address: the right one comes before the others go. IPv6
        // does
        // not, and takes the same address with another length for the right one.
        if (!present && !desired.ipv6()) {
            addressMissing(desired, steps);
        }
        steps.addAll(stale);
        if (!present && desired.ipv6()) {
            addressMissing(desired, steps);
        }
    }

    private static void addressMissing(Device desired, List<Step> steps) {
        steps.add(Step.put(null, "address", (batch, link) -> {
            Address address = Address.of(link, desired.address());
            // Nobody else can have it, and it is to serve at once.
            batch.addAddress(desired.ipv6() ? address.noDad() : address);
        }));
    }

    private static Set<IpAddress> staleNeighbours(Device desired, ObservedOverlay.Device observed, List<Step> steps) {
        Map<IpAddress, MacAddress> wanted = new HashMap<>();
        for (Peer peer : desired.peers()) {
            if (!peer.direct()) {
                wanted.put(peer.gateway(), peer.mac());
            }
        }
        Set<IpAddress> present = new HashSet<>();
        for (Neighbour neighbour : observed.neighbours()) {
            // What is not permanent the kernel made, and forgets by itself.
            if (!neighbour.isPermanent() || (neighbour.flags() & Neighbour.NTF_PROXY) != 0) {
                continue;
            }
            MacAddress mac = wanted.get(neighbour.address());
            if (mac == null) {
                steps.add(Step.remove(
                        "neighbour " + neighbour.address(), (batch, link) -> batch.deleteNeighbour(neighbour)));
            } else if (mac.equals(neighbour.mac())) {
                present.add(neighbour.address());
            }
        }
        return present;
    }

    private static void neighbourMissing(Peer peer, List<Step> steps) {
        steps.add(Step.put(
                peer.node(),
                "neighbour",
                (batch, link) -> batch.replaceNeighbour(Neighbour.permanent(link, peer.gateway(), peer.mac()))));
    }
}
