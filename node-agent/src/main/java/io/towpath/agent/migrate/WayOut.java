package io.towpath.agent.migrate;

import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.Lease;
import io.towpath.ipam.Takeover;
import io.towpath.linux.Linux;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The way of a node back to the network that it came from, and the way out. Either is gone again from the start whenever it was cut short,
 * and does then what is left of it.
 */
public final class WayOut {
    private static final String OWN = "towpath";

    private final Places places;
    private final boolean dryRun;
    private final OwnRemains remains;
    private final List<Part> parts = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /** @param dryRun whether only to tell what would be removed */
    public WayOut(Namespaces node, Places places, boolean dryRun) {
        this.places = places;
        this.dryRun = dryRun;
        remains = new OwnRemains(node, places, dryRun);
    }

    /**
     * Goes back.
     *
     * @param handOver whether only as far as new pods come by the network from before; the agent may run on
     * @throws NotYetException if pods would have no policies, as the other network has not put its own in force yet
     * @throws IOException if it would do harm, or cannot be gone; the message has the mend
     */
    public Report back(boolean handOver) throws IOException {
        OtherNetwork network = before();
        if (network == null) {
            throw new IOException("nothing is kept in " + places.kept()
                    + " of a network that was here before: put its conflist into " + places.confDir()
                    + ", then run \"towpath-node uninstall\"");
        }
        if (!handOver && !dryRun && !new OtherRemains(network, false).isInForce(places.lockFile())) {
            throw new NotYetException("the policies of " + network
                    + " are not in force on this node, and Towpath's would go: wait until its agent's pod is ready, as"
                    + " with --wait; or, to go without, run \"towpath-node uninstall\"");
        }
        String kept = places.kept() + "/" + network;
        Conflist own = own();
        HostLocal theirs = null;
        for (Conflist each : theirs(network)) {
            if (own != null && !each.network().equals(own.network())) {
                theirs = each.leases(places);
            }
        }
        if (theirs == null || own == null || dryRun) {
            restore(network, kept);
        } else {
            // Twice, as an ADD that waited for the lock has leased from ours after the first.
            Takeover.of(own.leases(places), theirs, () -> restore(network, kept));
            Takeover takeover = Takeover.of(own.leases(places), theirs, () -> {});
            requireOnce(takeover);
        }
        List<Link> pods = remains.pods();
        if (handOver) {
            if (theirs != null && !pods.isEmpty()) {
                notes.add("pods that have links of Towpath still: " + pods.size()
                        + "; delete them, so that they come anew");
            }
            return new Report(parts, notes);
        }
        if (theirs != null && own != null) {
            if (!pods.isEmpty() && !dryRun) {
                throw new IOException("pods still have links of Towpath ("
                        + String.join(", ", pods.stream().map(Link::name).toList())
                        + "), and their leases would be lost: delete them, then run this again");
            }
            giveBack(theirs);
        }
        remains.clearTables(remains.pods(), parts, notes);
        remains.clearFiles(parts, !notes.isEmpty());
        return new Report(parts, notes);
    }

    /**
     * The network that is kept, or whose conflist is still where the runtime looks, as the way here was not gone to its end; null if
     * there is none.
     */
    private @Nullable OtherNetwork before() throws IOException {
        for (OtherNetwork each : OtherNetwork.values()) {
            if (Files.isDirectory(Path.of(places.kept(), each.toString()))) {
                return each;
            }
        }
        for (OtherNetwork each : OtherNetwork.values()) {
            if (!theirs(each).isEmpty()) {
                return each;
            }
        }
        return null;
    }

    /** Ours, where the runtime looks or where it is kept. */
    private @Nullable Conflist own() throws IOException {
        Conflist own = Conflist.read(places.confDir(), Places.CONFLIST);
        return own != null ? own : Conflist.read(places.kept() + "/" + OWN, Places.CONFLIST);
    }

    private List<Conflist> theirs(OtherNetwork network) throws IOException {
        List<Conflist> found = new ArrayList<>(Conflist.in(places.kept() + "/" + network));
        for (Conflist each : Conflist.in(places.confDir())) {
            if (each.hasAny(network.plugins())) {
                found.add(each);
            }
        }
        return found;
    }

    /** Theirs first, so that the runtime has one at every moment. */
    private void restore(OtherNetwork network, String kept) throws IOException {
        List<String> back = new ArrayList<>();
        for (Conflist each : Conflist.in(kept)) {
            if (Conflist.read(places.confDir(), each.file()) == null) {
                if (!dryRun) {
                    each.place(places.confDir());
                }
                back.add(places.confDir() + "/" + each.file());
            }
        }
        if (theirs(network).isEmpty()) {
            throw new IOException("there is no conflist in " + kept + ": put the one from before there");
        }
        Part.add(parts, Part.Deed.PUT_BACK, "file", back);
        Conflist own = Conflist.read(places.confDir(), Places.CONFLIST);
        if (own != null) {
            if (!dryRun) {
                own.move(places.confDir(), places.kept() + "/" + OWN);
            }
            putAside(own);
        }
    }

    private void putAside(Conflist own) {
        Part.add(
                parts,
                Part.Deed.PUT_ASIDE,
                "file, to " + places.kept() + "/" + OWN,
                List.of(places.confDir() + "/" + own.file()));
    }

    private static void requireOnce(Takeover takeover) throws IOException {
        if (!takeover.twice().isEmpty()) {
            throw new IOException("leased to two pods, one of each network: "
                    + takeover.twice().stream()
                            .map(lease -> lease.address().toString())
                            .toList()
                    + "; delete those of Towpath, then run this again");
        }
    }

    /** flannel's plugin keeps a file for each pod of its own, and gives no other's lease back. */
    private void giveBack(HostLocal theirs) throws IOException {
        List<String> ended = new ArrayList<>();
        for (Lease lease : theirs.list()) {
            String container = lease.attachment().containerId();
            if (!Files.exists(Path.of(places.cniDir(), "flannel", container))) {
                if (!dryRun) {
                    theirs.release(lease.attachment());
                }
                ended.add(lease.address().toString());
            }
        }
        Part.add(parts, "lease", ended);
    }

    /**
     * Leaves: removes all that is ours.
     *
     * @param withDevices the overlay's devices, too
     * @param withPods the links and leases of pods that run, too, which are without a network then
     */
    public Report leave(boolean withDevices, boolean withPods) throws IOException {
        Conflist own = own();
        List<Conflist> others = Conflist.in(places.confDir()).stream()
                .filter(each -> !each.file().equals(Places.CONFLIST))
                .toList();
        List<Lease> gone = new ArrayList<>();
        int leased = 0;
        boolean keepsConflist = false;
        if (own != null) {
            boolean isShared = others.stream().anyMatch(each -> each.network().equals(own.network()));
            Set<OwnerMark> pods = OwnRemains.marks(remains.pods());
            List<Lease> leases = own.leases(places).list();
            leases.stream()
                    .filter(lease -> withPods && (!isShared || pods.contains(mark(own, lease))))
                    .forEach(gone::add);
            leased = leases.size();
            // It tells the next run where those are that stay.
            keepsConflist = !isShared && gone.size() < leases.size();
            takeAway(own, keepsConflist);
            clearLeases(own, gone);
        }
        if (withPods) {
            remains.clearPods(parts);
        }
        // Those that go are still there in a dry run.
        remains.clearTables(withPods ? List.of() : remains.pods(), parts, notes);
        remains.clearFiles(parts, keepsConflist);
        boolean isLast = others.isEmpty();
        if (isLast) {
            // The agent's word to plugins that there are no more.
            Part.add(parts, "file", Folder.remove(places.subnetFile(), dryRun));
        }
        if (withDevices) {
            remains.clearDevices(parts);
        }
        note(withPods, withDevices, isLast, own == null || gone.size() < leased);
        return new Report(parts, notes);
    }

    private static OwnerMark mark(Conflist own, Lease lease) {
        return OwnerMark.of(
                own.network(),
                lease.attachment().containerId(),
                lease.attachment().interfaceName());
    }

    /** Takes the conflist away from the runtime, before all else. */
    private void takeAway(Conflist own, boolean keepsIt) throws IOException {
        if (Conflist.read(places.confDir(), Places.CONFLIST) == null) {
            return;
        }
        String file = places.confDir() + "/" + Places.CONFLIST;
        if (keepsIt) {
            if (!dryRun) {
                own.move(places.confDir(), places.kept() + "/" + OWN);
            }
            putAside(own);
            return;
        }
        if (!dryRun) {
            Linux.unlink(file);
            Linux.syncDirectory(places.confDir());
        }
        Part.add(parts, "file", List.of(file));
    }

    private void clearLeases(Conflist own, List<Lease> gone) throws IOException {
        HostLocal leases = own.leases(places);
        List<String> addresses = new ArrayList<>();
        for (Lease lease : gone) {
            if (!dryRun) {
                leases.release(lease.attachment());
            }
            addresses.add(lease.address().toString());
        }
        Part.add(parts, "lease", addresses);
    }

    private void note(boolean withPods, boolean withDevices, boolean isLast, boolean haveLeases) throws IOException {
        int pods = withPods ? 0 : remains.pods().size();
        if (pods > 0) {
            notes.add(pods
                    + " pods run on, without policies, and without masquerading to the outside; other nodes reach them"
                    + " until they learn that this node left");
        }
        if (isLast) {
            notes.add("no network configuration is left in " + places.confDir()
                    + ": the node is not ready, so Kubernetes evicts its pods after some minutes, and the runtime"
                    + " tells no plugin of pods that end"
                    + (haveLeases
                            ? ", so leases stay in " + places.leases() + " until another network takes them over"
                            : ""));
        }
        if (!withDevices) {
            notes.add("the overlay's devices stay: --devices removes them, too");
        }
    }
}
