package io.towpath.cni.ports;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.NotUndoneException;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The node's ports that lead to an attachment. All of one call is one transaction, made for the table that was looked at: if
 * somebody changed that meanwhile, it is looked at again.
 */
public final class HostPorts {
    // Each attempt that fails means that somebody else's transaction was done.
    private static final int ATTEMPTS = 1000;

    private final OwnerMark mark;
    private final List<Forward> forwards;

    /**
     * What is to lead where.
     *
     * @param mark the attachment's
     * @param addresses the pod's
     * @throws CniException with code 7 if a mapping cannot be fulfilled, or two of them contradict each other
     */
    public HostPorts(OwnerMark mark, List<PortMapping> mappings, List<IpAddress> addresses) throws CniException {
        this.mark = mark;
        this.forwards = Forward.of(mappings, addresses);
    }

    /** A look at an attachment that has a port which another one wants; asked only then. */
    public interface HolderLook {
        /** Whether it keeps the port. If not, nobody will miss it. */
        boolean isLive(OwnerMark mark) throws IOException;
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return forwards.isEmpty();
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        Set<IpAddress> pods = new LinkedHashSet<>();
        for (Forward forward : forwards) {
            entries.add(Entry.of(forward, mark));
            pods.add(forward.pod());
        }
        for (IpAddress pod : pods) {
            entries.add(Entry.hairpin(pod, mark));
        }
        return entries;
    }

    /**
     * Makes the ports lead to the pod, all or none.
     *
     * @param holders asked about attachments that have one of the ports
     * @throws HostPortTakenException if a live attachment has one of the ports, or a tunnel of the node's
     * @throws NotUndoneException if the kernel refused to undo it after a failure, and a port may be left
     */
    public void open(Namespaces node, HolderLook holders) throws IOException {
        requireNoTunnels(node.host());
        try {
            List<Entry> wanted = entries();
            List<Entry> removed = new ArrayList<>();
            Nft nft = node.nft();
            commit(nft, (present, transaction) -> {
                Set<OwnerMark> gone = gone(present, wanted, holders);
                removed.clear();
                removed.addAll(of(present, gone::contains));
                HostPortTable.delete(transaction, removed);
                if (!HostPortTable.stands(nft)) {
                    HostPortTable.build(transaction, nft, of(present, owner -> !gone.contains(owner)));
                }
                HostPortTable.create(transaction, wanted);
                return true;
            });
            HostPortFlows.forgetFormer(node, forwards(removed));
            HostPortFlows.forgetMissed(node, forwards);
        } catch (IOException failure) {
            try {
                close(node, mark);
            } catch (NetlinkException undo) {
                throw new NotUndoneException(failure, undo);
            }
            throw failure;
        }
    }

    /** A pod with the port of the overlay would cut its node off from all other nodes' pods. */
    private void requireNoTunnels(Rtnl host) throws IOException {
        if (!hasUdp()) {
            return;
        }
        for (Link link : host.links()) {
            if (link.kind() instanceof LinkKind.VxlanTunnel tunnel) {
                requireOther(tunnel.attributes().port(), link);
            }
        }
    }

    private void requireOther(int port, Link tunnel) throws HostPortTakenException {
        for (Forward forward : forwards) {
            if (forward.isUdp() && forward.from().port() == port) {
                throw new HostPortTakenException(forward, tunnel);
            }
        }
    }

    private boolean hasUdp() {
        return forwards.stream().anyMatch(Forward::isUdp);
    }

    /** Who has something that is in the way, and is no more. */
    private Set<OwnerMark> gone(List<Entry> present, List<Entry> wanted, HolderLook holders) throws IOException {
        Set<OwnerMark> gone = new HashSet<>();
        EntryIndex index = new EntryIndex(present);
        for (Entry entry : wanted) {
            for (Entry other : index.inTheWayOf(entry)) {
                OwnerMark owner = other.owner();
                if (!gone.contains(owner)) {
                    if (!owner.equals(mark) && (!OwnerMark.isMark(owner.alias()) || holders.isLive(owner))) {
                        throw new HostPortTakenException(entry, other);
                    }
                    gone.add(owner);
                }
            }
        }
        return gone;
    }

    private static List<Entry> of(List<Entry> entries, Predicate<OwnerMark> isMeant) {
        List<Entry> some = new ArrayList<>();
        for (Entry entry : entries) {
            if (isMeant.test(entry.owner())) {
                some.add(entry);
            }
        }
        return some;
    }

    /** Whom the node's ports lead to; what bears no mark of ours is left out. */
    public static Set<OwnerMark> owners(Namespaces node) throws NetlinkException {
        Set<OwnerMark> owners = new HashSet<>();
        if (!hasNftables(node)) {
            return owners;
        }
        for (Entry entry : HostPortView.read(node.nft()).entries()) {
            if (OwnerMark.isMark(entry.owner().alias())) {
                owners.add(entry.owner());
            }
        }
        return owners;
    }

    /** Lets no port lead to an attachment any more. */
    public static void close(Namespaces node, OwnerMark mark) throws IOException {
        remove(node, owner -> owner.equals(mark));
    }

    /**
     * Removes what belongs to a network's attachments that are not among those to keep.
     *
     * @param networkPrefix {@link OwnerMark#networkPrefix} of the network
     * @param keep the marks of the attachments to keep
     */
    public static void sweep(Namespaces node, String networkPrefix, Set<OwnerMark> keep) throws IOException {
        remove(node, owner -> owner.alias().startsWith(networkPrefix) && !keep.contains(owner));
    }

    private static void remove(Namespaces node, Predicate<OwnerMark> isGone) throws IOException {
        if (!hasNftables(node)) {
            return;
        }
        List<Entry> removed = new ArrayList<>();
        commit(node.nft(), (present, transaction) -> {
            removed.clear();
            removed.addAll(of(present, isGone));
            HostPortTable.delete(transaction, removed);
            return !removed.isEmpty();
        });
        HostPortFlows.forgetFormer(node, forwards(removed));
    }

    private static List<Forward> forwards(List<Entry> entries) {
        List<Forward> forwards = new ArrayList<>();
        for (Entry entry : entries) {
            Forward forward = entry.forward();
            if (forward != null) {
                forwards.add(forward);
            }
        }
        return forwards;
    }

    /** A kernel without nftables has no port of ours, and a DEL must not fail for it. */
    private static boolean hasNftables(Namespaces node) throws NetlinkException {
        try {
            node.nft().generation();
            return true;
        } catch (NetlinkException e) {
            if (e.is(Errno.EINVAL) || e.is(Errno.EPROTONOSUPPORT)) {
                return false;
            }
            throw e;
        }
    }

    /** What a transaction is to do, by what is in the table. */
    interface Change {
        /** Whether there is anything to do. */
        boolean write(List<Entry> present, Transaction transaction) throws IOException;
    }

    /** Does it, again if somebody changed meanwhile what it was made for. */
    static void commit(Nft nft, Change change) throws IOException {
        HostPortView failed = null;
        for (int i = 1; ; i++) {
            HostPortView view = null;
            try {
                int generation = nft.generation();
                view = HostPortView.read(nft);
                Transaction transaction = view.begin();
                if (change.write(view.entries(), transaction)) {
                    view.end(transaction, generation);
                    nft.commit(transaction);
                }
                return;
            } catch (NetlinkException e) {
                if (i == ATTEMPTS || !isRace(e, view, failed)) {
                    throw e;
                }
                failed = view;
            }
        }
    }

    /** What fails twice in the same way, with nothing changed between, will always fail. */
    private static boolean isRace(NetlinkException e, @Nullable HostPortView view, @Nullable HostPortView failed) {
        boolean isOther = view == null || failed == null || !view.isSame(failed);
        return isOther && (e.is(Errno.ENOENT) || e.is(Errno.EEXIST) || e.is(Errno.ENFILE));
    }

    /**
     * Looks for what is wrong with the ports of all pods. Changes nothing.
     *
     * @return null if nothing is
     */
    public static @Nullable String fault(Namespaces node) throws NetlinkException {
        Nft nft = node.nft();
        Map<OwnerMark, String> wanted = new HashMap<>();
        for (Link link : node.host().links()) {
            String alias = link.alias();
            if (alias != null && Links.isHostEnd(link) && Links.isMarked(link) && OwnerMark.hasPorts(alias)) {
                wanted.put(new OwnerMark(alias), link.name());
            }
        }
        if (nft.find(HostPortTable.TABLE) == null) {
            return wanted.isEmpty() ? null : "there is no such table, and " + of(wanted);
        }
        if (!HostPortTable.stands(nft)) {
            return "it has not the sets, chains and rules that it needs";
        }
        HostPortView.read(nft).entries().forEach(entry -> wanted.remove(entry.owner()));
        return wanted.isEmpty() ? null : of(wanted);
    }

    private static String of(Map<OwnerMark, String> lacking) {
        String first = lacking.values().stream().sorted().findFirst().orElse("");
        return lacking.size() == 1
                ? "the host ports of the pod with link " + first + " are gone"
                : "the host ports of " + lacking.size() + " pods are gone, one with link " + first;
    }

    /**
     * Compares the kernel with what ADD made.
     *
     * @param hostName the name of the host's end of the pod's link
     * @return what is wrong, one short sentence each; empty if nothing is
     */
    public List<String> compare(Namespaces node, String hostName) throws NetlinkException {
        List<String> mismatches = new ArrayList<>();
        if (forwards.isEmpty()) {
            return mismatches;
        }
        Link link = node.host().link(hostName);
        if (link != null && !Links.mayHavePorts(link)) {
            mismatches.add("the alias of interface " + hostName + " on the node does not tell of host ports");
        }
        Nft nft = node.nft();
        Set<Entry> present = new HashSet<>(HostPortView.read(nft).entries());
        for (Entry wanted : entries()) {
            if (!present.contains(wanted)) {
                mismatches.add("host port table lacks " + wanted);
            }
        }
        if (!HostPortTable.stands(nft)) {
            mismatches.add(
                    "nftables table " + HostPortTable.TABLE.name() + " has not the sets, chains and rules it needs");
        }
        return mismatches;
    }
}
