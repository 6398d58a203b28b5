package io.towpath.agent.migrate;

import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What Towpath has on this node, by the names and marks that are its own. */
final class OwnRemains {
    private static final String TABLE_PREFIX = "towpath-";
    private static final String HOST_PORTS = "towpath-hostports";
    private static final List<String> DEVICES = List.of("flannel.", "flannel-v6.");

    private final Namespaces node;
    private final Places places;
    private final boolean dryRun;

    /** @param dryRun whether only to tell what there is */
    OwnRemains(Namespaces node, Places places, boolean dryRun) {
        this.node = node;
        this.places = places;
        this.dryRun = dryRun;
    }

    /** The links of pods that run. */
    List<Link> pods() throws NetlinkException {
        return node.host().links().stream()
                .filter(link -> Links.isHostEnd(link) && Links.isMarked(link))
                .toList();
    }

    /** Whose links these are. */
    static Set<OwnerMark> marks(List<Link> pods) {
        return pods.stream()
                .map(link -> new OwnerMark(Objects.requireNonNull(link.alias())))
                .collect(Collectors.toSet());
    }

    /**
     * All tables of nftables, whatever their family, but for the host ports of pods that stay; those of others go.
     *
     * @param staying the links of these pods
     */
    void clearTables(List<Link> staying, List<Part> parts, List<String> notes) throws IOException {
        Nft nft = node.nft();
        Set<OwnerMark> live = marks(staying);
        Set<OwnerMark> owners = HostPorts.owners(node);
        boolean hasPorts = owners.stream().anyMatch(live::contains);
        List<String> names = new ArrayList<>();
        for (Table table : nft.tables()) {
            if (table.name().startsWith(TABLE_PREFIX)
                    && !(hasPorts && table.name().equals(HOST_PORTS))) {
                if (!dryRun) {
                    delete(nft, table);
                }
                names.add(table.toString());
            }
        }
        Part.add(parts, "nftables", names);
        if (hasPorts) {
            Set<String> ended = new TreeSet<>();
            for (OwnerMark owner : owners) {
                if (!live.contains(owner)) {
                    if (!dryRun) {
                        HostPorts.close(node, owner);
                    }
                    ended.add(owner.alias());
                }
            }
            Part.add(parts, "inet " + HOST_PORTS, ended);
            notes.add(
                    "inet " + HOST_PORTS + " stays, as host ports lead to pods that run: run this again when they have"
                            + " ended, as nobody else takes their ports away");
        }
    }

    private static void delete(Nft nft, Table table) throws NetlinkException {
        try {
            nft.commit(new Transaction().delete(table));
        } catch (NetlinkException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    /** The executables, and what is known of the cluster and the node. What is kept for the way back stays if it is wanted. */
    void clearFiles(List<Part> parts, boolean keepsWayBack) throws IOException {
        List<String> files = new ArrayList<>(Folder.remove(places.binDir() + "/" + Places.EXECUTABLE, dryRun));
        files.addAll(Folder.remove(places.binDir() + "/" + Places.NODE_EXECUTABLE, dryRun));
        files.addAll(Folder.clear(places.stateDir(), _ -> false, dryRun));
        // The index of leases, which are told without it.
        files.addAll(Folder.clear(places.leases() + "/.towpath", _ -> false, dryRun));
        files.addAll(Folder.clear(
                places.cacheDir(), path -> keepsWayBack && path.toString().equals(places.kept()), dryRun));
        Part.add(parts, "file", files);
    }

    /** The overlay's devices, and with them routes, neighbours and forwarding entries. */
    void clearDevices(List<Part> parts) throws NetlinkException {
        List<Link> devices = node.host().links().stream()
                .filter(link -> link.kind() instanceof LinkKind.VxlanTunnel
                        && DEVICES.stream().anyMatch(link.name()::startsWith))
                .toList();
        remove(devices);
        Part.add(parts, "link", devices.stream().map(Link::name).toList());
    }

    /** The links of pods, which are off the network then, whatever the API says of them. */
    void clearPods(List<Part> parts) throws NetlinkException {
        List<Link> pods = pods();
        List<String> names = pods.stream().map(Link::name).toList();
        if (!dryRun) {
            for (Link link : pods) {
                Links.deleteEndpoint(node.host(), link);
            }
        }
        Part.add(parts, "link of a pod", names);
    }

    private void remove(List<Link> links) throws NetlinkException {
        Rtnl rtnl = node.host();
        for (Link link : links) {
            if (!dryRun) {
                rtnl.apply(new Batch().deleteLink(link.index()));
            }
        }
    }
}
