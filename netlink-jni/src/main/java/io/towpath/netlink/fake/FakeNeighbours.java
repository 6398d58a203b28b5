package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.NeighbourCodec;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The neighbours and forwarding entries of a fake namespace: net/core/neighbour.c, drivers/net/vxlan/vxlan_core.c. */
final class FakeNeighbours {
    private final FakeNamespace namespace;
    private final List<Neighbour> neighbours = new ArrayList<>();
    private final List<Neighbour> proxies = new ArrayList<>();
    private final List<FdbEntry> fdb = new ArrayList<>();

    FakeNeighbours(FakeNamespace namespace) {
        this.namespace = namespace;
    }

    FakeOperation list(int linkIndex) {
        return FakeOperation.read("neighbour list dev " + linkIndex, () -> {
            List<Neighbour> listed = neighbours.stream()
                    .filter(neighbour -> neighbour.linkIndex() == linkIndex)
                    .toList();
            return FakeOperation.messages(RTM_NEWNEIGH, listed, NeighbourCodec::writeBody);
        });
    }

    FakeOperation listFdb(int linkIndex) {
        return FakeOperation.read("fdb list dev " + linkIndex, () -> {
            List<FdbEntry> listed =
                    fdb.stream().filter(entry -> entry.linkIndex() == linkIndex).toList();
            return FakeOperation.messages(RTM_NEWNEIGH, listed, NeighbourCodec::writeBody);
        });
    }

    void add(Neighbour neighbour, int flags) throws FakeRefusal {
        namespace.links().get(neighbour.linkIndex(), null);
        boolean isProxy = (neighbour.flags() & Neighbour.NTF_PROXY) != 0;
        List<Neighbour> table = isProxy ? proxies : neighbours;
        boolean isThere = table.stream().anyMatch(sameAs(neighbour));
        if (isThere && !isProxy && (flags & NLM_F_EXCL) != 0) {
            throw new FakeRefusal(Errno.EEXIST);
        }
        if (!isThere && (flags & NLM_F_CREATE) == 0) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        table.removeIf(sameAs(neighbour));
        table.add(neighbour);
    }

    void delete(Neighbour neighbour) throws FakeRefusal {
        namespace.links().get(neighbour.linkIndex(), null);
        List<Neighbour> table = (neighbour.flags() & Neighbour.NTF_PROXY) != 0 ? proxies : neighbours;
        if (!table.removeIf(sameAs(neighbour))) {
            throw new FakeRefusal(Errno.ENOENT);
        }
    }

    private static Predicate<Neighbour> sameAs(Neighbour wanted) {
        return neighbour -> neighbour.linkIndex() == wanted.linkIndex()
                && neighbour.address().equals(wanted.address());
    }

    void addFdb(FdbEntry asked, int flags) throws FakeRefusal {
        FdbEntry entry = asked.withWay(shown(asked.way(), checkFdb(asked)));
        boolean isGroup = entry.mac().isMulticast() || entry.mac().value() == 0;
        boolean isThere = fdb.stream().anyMatch(sameMacAs(entry));
        if (isThere && (flags & NLM_F_EXCL) != 0) {
            throw new FakeRefusal(Errno.EEXIST);
        }
        if (!isThere && (flags & NLM_F_CREATE) == 0) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        if (isGroup && (flags & NLM_F_REPLACE) != 0) {
            throw new FakeRefusal(Errno.EOPNOTSUPP, "Cannot replace multicast");
        }
        boolean hasNexthop =
                fdb.stream().anyMatch(sameMacAs(entry).and(known -> known.way().nexthop() != 0));
        if (isThere && (flags & NLM_F_REPLACE) != 0) {
            if (hasNexthop && entry.way().nexthop() == 0) {
                // No error, and nothing done.
                return;
            }
            fdb.removeIf(sameMacAs(entry));
        } else if (isThere && !(isGroup && (flags & NLM_F_APPEND) != 0)) {
            // The entry stays with the remote it has.
            return;
        }
        fdb.remove(entry);
        fdb.add(entry);
    }

    void deleteFdb(FdbEntry entry) throws FakeRefusal {
        FdbEntry.Way way = shown(entry.way(), checkFdb(entry));
        IpAddress remote = entry.remote();
        if (fdb.stream().noneMatch(sameMacAs(entry))) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        // That the remote or the way is another one is no error, to the real kernel neither.
        fdb.removeIf(sameMacAs(entry)
                .and(known -> remote == null || (remote.equals(known.remote()) && way.equals(known.way()))));
    }

    /** What is as the tunnel says anyway is not shown. */
    private static FdbEntry.Way shown(FdbEntry.Way way, Vxlan tunnel) {
        return new FdbEntry.Way(
                way.port() == tunnel.port() ? 0 : way.port(),
                way.vni() == tunnel.id() ? FdbEntry.Way.VNI_OF_TUNNEL : way.vni(),
                way.linkIndex(),
                way.nexthop());
    }

    private Vxlan checkFdb(FdbEntry entry) throws FakeRefusal {
        Vxlan vxlan = namespace.links().get(entry.linkIndex(), null).vxlan();
        if (vxlan == null) {
            throw new FakeRefusal(Errno.EOPNOTSUPP);
        }
        IpAddress remote = entry.remote();
        if (remote != null && remote.ipv6() != FakeLinks.isIpv6(vxlan)) {
            throw new FakeRefusal(Errno.EAFNOSUPPORT);
        }
        return vxlan;
    }

    private static Predicate<FdbEntry> sameMacAs(FdbEntry wanted) {
        return entry -> entry.linkIndex() == wanted.linkIndex() && entry.mac().equals(wanted.mac());
    }

    /** Neighbours go, whatever their state; forwarding entries stay if they are permanent. */
    void linkIsDown(int linkIndex) {
        neighbours.removeIf(neighbour -> neighbour.linkIndex() == linkIndex);
        fdb.removeIf(entry -> entry.linkIndex() == linkIndex && !entry.isPermanent());
    }

    void linkIsGone(int linkIndex) {
        linkIsDown(linkIndex);
        proxies.removeIf(neighbour -> neighbour.linkIndex() == linkIndex);
        fdb.removeIf(entry -> entry.linkIndex() == linkIndex);
    }
}
