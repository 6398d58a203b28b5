package io.towpath.cni.wiring;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The node's ends of pods' links as a process looks after them that stays: it remembers what routes they had, and puts back what
 * others delete while the link stands and the address is leased to its pod, and the settings without which it does not forward. A
 * DEL takes the link first and gives the lease back last, so nothing of a deleted pod comes back; a route is the link's that it is
 * by, and goes with it. Not for use by several threads at once.
 */
public final class PodLinkKeeper {
    /** How old a lease is whose ADD is over: longer than any runtime waits for one. */
    private static final Duration LONGEST_ADD = Duration.ofMinutes(5);

    /** How often all links are looked at: a route that is replaced by one to another link is no news of the link that had it. */
    private static final long LOOK_AT_ALL_NANOS = Duration.ofSeconds(25).toNanos();

    private final Holdings holdings;
    private final Map<Integer, Known> known = new HashMap<>();
    private final Set<Integer> others = new HashSet<>();
    private final Set<Integer> suspects = new HashSet<>();
    private final Set<Integer> bereft = new HashSet<>();
    private boolean all = true;
    private long lastLookAtAll;

    /** Who has which address, by the leases on disk. */
    public interface Holdings {
        /**
         * Reads them.
         *
         * @return by address; null if there is no network to ask about
         */
        @Nullable
        Map<IpAddress, Holding> read() throws IOException;
    }

    /**
     * A lease.
     *
     * @param mark its holder's
     * @param age how long ago it was taken
     */
    public record Holding(OwnerMark mark, Duration age) {}

    /**
     * Something that was put back.
     *
     * @param link the name of the link
     * @param what {@code "route"}, {@code "address"} or {@code "setting"}
     */
    public record Repair(String link, String what) {}

    /**
     * What became of a look.
     *
     * @param repairs what was put back
     * @param problem why something could not be, null if nothing; the next look tries again
     */
    public record Report(List<Repair> repairs, @Nullable String problem) {
        public Report {
            repairs = List.copyOf(repairs);
        }
    }

    /** What a link had when it was last looked at. */
    private record Known(OwnerMark mark, Set<IpAddress> addresses) {}

    public PodLinkKeeper(Holdings holdings) {
        this.holdings = holdings;
    }

    /** What pods' addresses are, by the indexes of their links; as of the last look. */
    public Map<Integer, Set<IpAddress>> addresses() {
        Map<Integer, Set<IpAddress>> addresses = new HashMap<>();
        known.forEach((link, each) -> addresses.put(link, each.addresses));
        return addresses;
    }

    /** Takes the next event, and tells whether {@link #mend} is due. */
    public boolean concerns(RtnlEvent event) {
        int link = event.linkIndex();
        switch (event.kind()) {
            case LOST -> all = true;
            case LINK -> changed(event);
            case ROUTE -> {
                if (link != 0 && !others.contains(link)) {
                    suspects.add(link);
                    if (event.gone()) {
                        bereft.add(link);
                    }
                }
            }
            case ADDRESS, GLOBAL_ADDRESS -> {
                if (event.gone() && known.containsKey(link)) {
                    suspects.add(link);
                }
            }
            case SETTING -> {
                if (known.containsKey(link)) {
                    suspects.add(link);
                }
            }
            case DEFAULT_ROUTE, NEIGHBOUR, FDB, RULE -> {}
        }
        return all || !suspects.isEmpty();
    }

    private void changed(RtnlEvent event) {
        int link = event.linkIndex();
        if (event.gone()) {
            known.remove(link);
            others.remove(link);
            suspects.remove(link);
            bereft.remove(link);
        } else if (known.containsKey(link) || EndpointName.isHostName(event.linkName())) {
            others.remove(link);
            suspects.add(link);
        }
    }

    /**
     * Looks at the links that something was told of, at the first time and now and then at all of them, and puts back what they lack.
     *
     * @throws IOException if the kernel does not tell its links
     */
    public Report mend(Rtnl rtnl) throws IOException {
        long now = System.nanoTime();
        boolean isOfAll = all || now - lastLookAtAll > LOOK_AT_ALL_NANOS;
        Round round = new Round(rtnl, isOfAll);
        if (isOfAll) {
            lastLookAtAll = now;
            all = false;
        }
        String problem = null;
        for (int index : Set.copyOf(suspects)) {
            try {
                round.look(index);
                suspects.remove(index);
                bereft.remove(index);
            } catch (IOException e) {
                problem = String.valueOf(e.getMessage());
            }
        }
        return new Report(round.repairs, problem);
    }

    /** One look. */
    private final class Round {
        private final Rtnl rtnl;
        private final boolean isOfAll;
        private final Map<Integer, Link> links = new HashMap<>();
        private final Map<Integer, List<Route>> routes = new HashMap<>();
        private final List<Repair> repairs = new ArrayList<>();
        private @Nullable Map<IpAddress, Holding> held;
        private boolean isRead;

        private Round(Rtnl rtnl, boolean isOfAll) throws NetlinkException {
            this.rtnl = rtnl;
            this.isOfAll = isOfAll;
            if (isOfAll) {
                readAll();
            }
        }

        private void readAll() throws NetlinkException {
            // The routes first: a link that comes meanwhile is then told of again.
            for (Route route : rtnl.routes()) {
                routes.computeIfAbsent(route.linkIndex(), _ -> new ArrayList<>())
                        .add(route);
            }
            suspects.clear();
            for (Link link : rtnl.links()) {
                if (Links.isHostEnd(link)) {
                    links.put(link.index(), link);
                    suspects.add(link.index());
                }
            }
            known.keySet().retainAll(suspects);
            others.clear();
        }

        private void look(int index) throws IOException {
            Link link = isOfAll ? links.get(index) : rtnl.link(index);
            if (link == null || !Links.isHostEnd(link) || !Links.isMarked(link)) {
                known.remove(index);
                if (link != null && !Links.isHostEnd(link)) {
                    others.add(index);
                }
                return;
            }
            if (!link.isUp()) {
                // What hangs on it comes back with it.
                return;
            }
            OwnerMark mark = new OwnerMark(Objects.requireNonNull(link.alias()));
            Set<IpAddress> present = routed(index);
            Set<IpAddress> wanted = new HashSet<>(present);
            Known before = known.get(index);
            for (IpAddress address :
                    before != null && before.mark.equals(mark) ? before.addresses : Set.<IpAddress>of()) {
                if (isHeld(address, mark, present)) {
                    wanted.add(address);
                }
            }
            if (bereft.contains(index)) {
                wanted.addAll(held(mark, Duration.ZERO));
            } else if (isOfAll) {
                wanted.addAll(held(mark, LONGEST_ADD));
            }
            List<Repair> done = new ArrayList<>();
            Batch batch = new Batch();
            for (IpAddress address : wanted) {
                if (!present.contains(address)) {
                    batch.addRoute(EndpointPlan.hostRoute(address, index));
                    done.add(new Repair(link.name(), "route"));
                }
            }
            if (wanted.stream().anyMatch(IpAddress::ipv6) && !hasGateway(index)) {
                batch.addAddress(EndpointPlan.linkLocal(index));
                done.add(new Repair(link.name(), "address"));
            }
            if (!wanted.isEmpty() && !EndpointPlan.unset(link).isEmpty()) {
                batch.setLink(EndpointPlan.settings(link));
                done.add(new Repair(link.name(), "setting"));
            }
            known.put(index, new Known(mark, wanted));
            submit(batch, done);
        }

        /** The addresses that routes by a link lead to. */
        private Set<IpAddress> routed(int index) throws NetlinkException {
            Set<IpAddress> addresses = new HashSet<>();
            List<Route> ofLink = isOfAll ? routes.getOrDefault(index, List.of()) : rtnl.routes(index);
            for (Route route : ofLink) {
                if (route.isToOne()) {
                    addresses.add(route.destination().address());
                }
            }
            return addresses;
        }

        private boolean hasGateway(int index) throws NetlinkException {
            for (Address address : rtnl.addresses(index)) {
                if (address.prefix().address().equals(Endpoint.GATEWAY_V6)) {
                    return true;
                }
            }
            return false;
        }

        /** Whether an address that a route led to is its pod's still; without a network, what was there is all that is known. */
        private boolean isHeld(IpAddress address, OwnerMark mark, Set<IpAddress> present) throws IOException {
            if (present.contains(address)) {
                return true;
            }
            Map<IpAddress, Holding> all = held();
            Holding holding = all == null ? null : all.get(address);
            return all == null || (holding != null && holding.mark.equals(mark));
        }

        /** What a pod has for some time at least. */
        private Set<IpAddress> held(OwnerMark mark, Duration age) throws IOException {
            Map<IpAddress, Holding> all = held();
            Set<IpAddress> addresses = new HashSet<>();
            if (all != null) {
                all.forEach((address, holding) -> {
                    if (holding.mark.equals(mark) && holding.age.compareTo(age) >= 0) {
                        addresses.add(address);
                    }
                });
            }
            return addresses;
        }

        private @Nullable Map<IpAddress, Holding> held() throws IOException {
            if (!isRead) {
                held = holdings.read();
                isRead = true;
            }
            return held;
        }

        private void submit(Batch batch, List<Repair> done) throws NetlinkException {
            Set<Integer> failed = new HashSet<>();
            NetlinkException failure = null;
            for (NetlinkException each : batch.isEmpty() ? List.<NetlinkException>of() : rtnl.submit(batch)) {
                failed.add(each.index());
                // The link went meanwhile, with all that hung on it.
                if (!each.is(Errno.ENODEV)) {
                    failure = each;
                }
            }
            for (int i = 0; i < done.size(); i++) {
                if (!failed.contains(i)) {
                    repairs.add(done.get(i));
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }
}
