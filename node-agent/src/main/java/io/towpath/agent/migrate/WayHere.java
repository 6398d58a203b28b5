package io.towpath.agent.migrate;

import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.Lease;
import io.towpath.ipam.NodeState;
import io.towpath.ipam.Takeover;
import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The way of a node from another network to Towpath, whose agent is ready. It is gone again from the start whenever it was cut short, and
 * does then what is left of it.
 */
public final class WayHere {
    private final Namespaces node;
    private final Places places;
    private final OtherNetwork network;
    private final boolean dryRun;
    private final List<Part> parts = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * @param node the process's own, as iptables-legacy knows no other
     * @param dryRun whether only to tell what would be removed
     */
    public WayHere(Namespaces node, Places places, OtherNetwork network, boolean dryRun) {
        this.node = node;
        this.places = places;
        this.network = network;
        this.dryRun = dryRun;
    }

    /**
     * Goes it.
     *
     * @param handOver whether only as far as new pods come by Towpath, and those that run stay on the other network
     * @throws NotYetException if new pods have no network by Towpath yet
     * @throws IOException if it would do harm, or cannot be gone; the message has the mend
     */
    public Report go(boolean handOver) throws IOException {
        if (network == OtherNetwork.KUBE_PROXY) {
            OtherRemains remains = new OtherRemains(network, dryRun);
            parts.addAll(remains.clearFilters(PodPorts.NONE, List.of(), places.lockFile()));
            parts.addAll(remains.clearLinks(node.host()));
            long services = IpvsServices.count();
            if (services > 0) {
                notes.add("services of IPVS stay, kube-proxy's and others': " + services
                        + "; \"ipvsadm --clear\" on this node removes them all");
            }
            notes.add("Services lead nowhere on this node until something serves them");
            return new Report(parts, notes);
        }
        Conflist own = Conflist.read(places.confDir(), Places.CONFLIST);
        if (own == null && dryRun) {
            notes.add("Towpath's conflist is not there yet: it comes with the agent");
            own = theirs();
        }
        if (own == null) {
            throw new NotYetException("there is no " + places.confDir() + "/" + Places.CONFLIST
                    + ", and so no network for new pods: wait until Towpath's pod on this node is ready");
        }
        if (network == OtherNetwork.CANAL) {
            fromCanal(own, handOver);
        } else {
            fromFlannel(own, handOver);
        }
        return new Report(parts, notes);
    }

    /** Its network has the same name and the same kind of links. Its rules go first: they drop what new pods of ours send. */
    private void fromCanal(Conflist own, boolean handOver) throws IOException {
        if (!handOver) {
            Set<String> live = own.leases(places).list().stream()
                    .map(lease -> lease.attachment().containerId())
                    .collect(Collectors.toSet());
            clearFilters(new PodPorts(own.network(), live::contains));
        }
        keepConflists();
    }

    private void fromFlannel(Conflist own, boolean handOver) throws IOException {
        Conflist theirs = theirs();
        HostLocal leases = own.leases(places);
        if (theirs != null && !theirs.network().equals(own.network())) {
            takeOver(theirs.leases(places), leases);
        } else {
            keepConflists();
        }
        OtherRemains remains = new OtherRemains(network, dryRun);
        List<String> pods = remains.pods(node.host());
        if (handOver) {
            remains.answerForOthers(node.host());
            if (!pods.isEmpty()) {
                notes.add("pods that are on " + String.join(", ", network.links()) + " still: " + pods.size()
                        + "; delete them, so that they come anew, then run this without --hand-over");
            }
            return;
        }
        if (!pods.isEmpty() && !dryRun) {
            throw new IOException("pods are still on " + String.join(", ", network.links()) + " ("
                    + String.join(", ", pods) + ") and would lose their network: delete them, then run this again");
        }
        Set<OwnerMark> live = OwnRemains.marks(new OwnRemains(node, places, dryRun).pods());
        Set<String> containers = live.stream()
                .map(OwnerMark::containerId)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
        clearFilters(new PodPorts(theirs == null ? "" : theirs.network(), containers::contains));
        parts.addAll(remains.clearLinks(node.host()));
        if (theirs != null && !theirs.network().equals(own.network())) {
            String folder = theirs.dataDir(places) + "/" + theirs.network();
            Part.add(parts, "file", Folder.clear(folder, _ -> false, dryRun));
        }
        Part.add(parts, "file", Folder.clear(places.cniDir() + "/flannel", _ -> false, dryRun));
    }

    /** Its conflist: where the runtime looks or, after that, where it is kept. */
    private @Nullable Conflist theirs() throws IOException {
        for (String folder : List.of(places.confDir(), places.kept() + "/" + network)) {
            for (Conflist each : Conflist.in(folder)) {
                if (each.hasAny(network.plugins())) {
                    return each;
                }
            }
        }
        return null;
    }

    private void takeOver(HostLocal theirs, HostLocal own) throws IOException {
        if (dryRun) {
            keepConflists();
            Part.add(parts, Part.Deed.TAKE_OVER, "lease", addresses(theirs.list()));
            return;
        }
        // Whoever waited for the lock with the conflist from before leases after that: such a lease comes along the
        // next time.
        Takeover takeover = Takeover.of(theirs, own, this::keepConflists);
        Part.add(parts, Part.Deed.TAKE_OVER, "lease", addresses(takeover.leases()));
        if (!takeover.twice().isEmpty()) {
            throw new IOException("leased to two pods, one of each network: " + addresses(takeover.twice())
                    + "; delete those of " + network + ", then run this again");
        }
    }

    private static List<String> addresses(List<Lease> leases) {
        return leases.stream().map(lease -> lease.address().toString()).toList();
    }

    /** Takes its conflists away from the runtime, for which the next one counts from then on, and keeps them. */
    private void keepConflists() throws IOException {
        List<String> names = new ArrayList<>();
        for (Conflist each : Conflist.in(places.confDir())) {
            if (each.hasAny(network.plugins())) {
                if (!dryRun) {
                    each.move(places.confDir(), places.kept() + "/" + network);
                }
                names.add(places.confDir() + "/" + each.file());
            }
        }
        Part.add(parts, Part.Deed.PUT_ASIDE, "file, to " + places.kept() + "/" + network, names);
    }

    private void clearFilters(PodPorts ports) throws IOException {
        parts.addAll(new OtherRemains(network, dryRun).clearFilters(ports, slices(), places.lockFile()));
    }

    private List<IpPrefix> slices() throws IOException {
        try {
            NodeState state = NodeState.read(places.stateDir() + "/node.json", places.subnetFile());
            return state == null ? List.of() : state.slices();
        } catch (IpamException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
