package io.towpath.agent.attachments;

import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.Lease;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Compares what the kernel shows with the leases of one network. Links and leases of others are none of its business: a link
 * is the network's by its mark, a lease by the folder it is in.
 */
final class Findings {
    /** The longest prefix of a route that says nothing of a single address' use: of a whole slice. */
    private static final int SLICE_MAX_V4 = 16;

    private static final int SLICE_MAX_V6 = 48;

    private final String prefix;
    private final Map<Integer, Link> links = new HashMap<>();
    private final Map<OwnerMark, Link> marked = new HashMap<>();
    private final Map<Integer, Set<IpAddress>> addresses = new HashMap<>();
    private final Set<IpAddress> routed = new HashSet<>();
    private final Map<OwnerMark, Set<IpAddress>> leased = new HashMap<>();
    private final Map<OwnerMark, Attachment> holders = new HashMap<>();
    private final List<Route> routes;
    private final Set<Finding> found = new LinkedHashSet<>();

    private Findings(String network, List<Link> all, List<Route> routes, List<Lease> leases) {
        this.routes = routes;
        prefix = OwnerMark.networkPrefix(network);
        for (Link link : all) {
            links.put(link.index(), link);
            if (Links.isHostEnd(link) && isOfNetwork(link)) {
                marked.put(new OwnerMark(Objects.requireNonNull(link.alias())), link);
            }
        }
        for (Route route : routes) {
            if (route.isToOne()) {
                IpAddress address = route.destination().address();
                addresses
                        .computeIfAbsent(route.linkIndex(), _ -> new HashSet<>())
                        .add(address);
                routed.add(address);
            }
        }
        for (Lease lease : leases) {
            Attachment holder = lease.attachment();
            OwnerMark mark = OwnerMark.of(network, holder.containerId(), holder.interfaceName());
            leased.computeIfAbsent(mark, _ -> new HashSet<>()).add(lease.address());
            holders.put(mark, holder);
        }
    }

    /**
     * What does not fit.
     *
     * @param network the network's name
     * @param ports whom the node's ports lead to, read before the links
     * @param links all links of the node, read before the leases: an ADD takes its lease first and a DEL gives it back last, so
     *     that a link has one
     * @param routes all routes of the node
     * @param leases all leases of the network
     */
    static Set<Finding> of(
            String network, Set<OwnerMark> ports, List<Link> links, List<Route> routes, List<Lease> leases) {
        Findings findings = new Findings(network, links, routes, leases);
        findings.lookAtPorts(ports);
        findings.lookAtLeases();
        findings.lookAtLinks(links);
        findings.lookAtRoutes();
        return findings.found;
    }

    private boolean isOfNetwork(Link link) {
        String alias = link.alias();
        return alias != null && alias.startsWith(prefix);
    }

    private void lookAtPorts(Set<OwnerMark> owners) {
        for (OwnerMark owner : owners) {
            if (owner.alias().startsWith(prefix) && !marked.containsKey(owner) && !hasLease(owner)) {
                found.add(new Finding.OrphanedPorts(owner));
            }
        }
    }

    private void lookAtLeases() {
        leased.forEach((mark, held) -> {
            Attachment holder = Objects.requireNonNull(holders.get(mark));
            if (holder.interfaceName().isEmpty()) {
                // Leases in the old format tell no interface; any of the container's may be meant.
                if (marked.keySet().stream().noneMatch(each -> each.alias().startsWith(mark.alias()))) {
                    orphan(holder, held);
                }
                return;
            }
            Link link = marked.get(mark);
            if (link == null) {
                orphan(holder, held);
            } else if (link.isUp()) {
                for (IpAddress address : held) {
                    if (!routed.contains(address)) {
                        found.add(new Finding.LostRoute(link.index(), link.name(), address));
                    }
                }
            }
        });
    }

    /** Not if an address is in use all the same: by a link of Calico's, or by another plugin's bridge. */
    private void orphan(Attachment holder, Set<IpAddress> held) {
        if (isUnused(held)) {
            found.add(new Finding.OrphanedLease(holder, held));
        }
    }

    private boolean isUnused(Set<IpAddress> held) {
        for (Route route : routes) {
            boolean tellsUse = route.type() == Route.RTN_UNICAST
                    && route.destination().length() > (route.ipv6() ? SLICE_MAX_V6 : SLICE_MAX_V4);
            if (tellsUse && held.stream().anyMatch(route.destination()::contains)) {
                return false;
            }
        }
        return true;
    }

    private void lookAtLinks(List<Link> all) {
        for (Link link : all) {
            boolean limiter = Links.isLimiter(link);
            String alias = link.alias();
            if (!limiter && !Links.isHostEnd(link)) {
                continue;
            }
            if (alias == null) {
                // The mark and the way up are one message: a link that has neither was never in use. Calico's are all
                // up.
                if (!link.isUp()) {
                    found.add(new Finding.UnusedLink(link.index(), link.name(), ""));
                }
            } else if (alias.startsWith(prefix)) {
                OwnerMark mark = new OwnerMark(alias);
                Set<IpAddress> reached = addresses.getOrDefault(link.index(), Set.of());
                if (limiter ? !marked.containsKey(mark) && !leased.containsKey(mark) : isDead(link, mark, reached)) {
                    found.add(new Finding.UnusedLink(link.index(), link.name(), alias));
                } else if (!limiter && !hasLease(mark) && !reached.isEmpty()) {
                    found.add(new Finding.LostLease(link.index(), link.name(), mark, reached));
                }
            }
        }
    }

    /** Neither a lease nor up nor a route to it: nothing of it is left that a pod could use. */
    private boolean isDead(Link link, OwnerMark mark, Set<IpAddress> reached) {
        return !link.isUp() && reached.isEmpty() && !hasLease(mark);
    }

    private boolean hasLease(OwnerMark mark) {
        String id = mark.containerId();
        return leased.containsKey(mark) || (id != null && holders.containsValue(new Attachment(id, "")));
    }

    private void lookAtRoutes() {
        for (Route route : routes) {
            Link link = links.get(route.linkIndex());
            if (link == null || !route.isToOne() || !EndpointName.isHostName(link.name()) || !isOfNetwork(link)) {
                continue;
            }
            Set<IpAddress> own = leased.get(new OwnerMark(Objects.requireNonNull(link.alias())));
            IpAddress address = route.destination().address();
            if (own == null || own.contains(address)) {
                continue;
            }
            boolean lacksFamily = own.stream().noneMatch(each -> each.ipv6() == address.ipv6());
            found.add(
                    lacksFamily
                            ? new Finding.LostLease(
                                    link.index(),
                                    link.name(),
                                    new OwnerMark(Objects.requireNonNull(link.alias())),
                                    Set.of(address))
                            : new Finding.StrayRoute(route, link.name()));
        }
    }
}
