package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.IfLink.*;
import static io.towpath.netlink.rtnl.NeighbourTable.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;
import static io.towpath.netlink.rtnl.TrafficControl.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.AddressCodec;
import io.towpath.netlink.rtnl.FdbEntry;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.IpRule;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.NeighbourCodec;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.RouteCodec;
import io.towpath.netlink.rtnl.RuleCodec;
import io.towpath.netlink.rtnl.TrafficCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes of a message of rtnetlink what is to be done. */
final class FakeDispatch implements FakeProtocol {
    private static final int LENGTH_OF_RTMSG = 12;
    private static final int LENGTH_OF_NDMSG = 12;
    private static final int LENGTH_OF_NDTMSG = 4;
    private static final int LENGTH_OF_RTGENMSG = 4;
    private static final int MAIN_PRIORITY = 32_766;

    private final FakeNamespace namespace;

    FakeDispatch(FakeNamespace namespace) {
        this.namespace = namespace;
    }

    @Override
    public boolean isGet(int type) {
        return type % 4 == 2;
    }

    @Override
    public FakeOperation understand(int type, int flags, boolean isDump, ByteBuffer payload)
            throws NetlinkException, FakeRefusal {
        if (payload.remaining() < LENGTH_OF_RTGENMSG) {
            throw new FakeRefusal(Errno.EINVAL);
        }
        int family = payload.get(0) & 0xff;
        return switch (type) {
            case RTM_NEWLINK -> newLink(flags, payload);
            case RTM_SETLINK -> setLink(FakeLinkCodec.readChange(payload));
            case RTM_DELLINK -> deleteLink(payload);
            case RTM_GETLINK -> isDump ? namespace.links().list() : getLink(payload);
            case RTM_NEWADDR, RTM_DELADDR -> address(type, flags, known(AddressCodec.read(RTM_NEWADDR, payload)));
            case RTM_GETADDR -> namespace.addresses().list(payload.getInt(4));
            case RTM_NEWROUTE, RTM_DELROUTE ->
                route(type, flags, known(RouteCodec.read(family, RTM_NEWROUTE, payload)));
            case RTM_GETROUTE -> namespace.routes().list(family, attribute(payload, LENGTH_OF_RTMSG, RTA_OIF));
            case RTM_GETRULE -> rules(family == AF_INET6);
            case RTM_NEWNEIGH, RTM_DELNEIGH ->
                family == AF_BRIDGE
                        ? fdb(type, flags, known(NeighbourCodec.readFdb(RTM_NEWNEIGH, payload)))
                        : neighbour(type, flags, known(NeighbourCodec.read(RTM_NEWNEIGH, payload)));
            case RTM_GETNEIGH ->
                family == AF_BRIDGE
                        ? namespace.neighbours().listFdb(payload.getInt(4))
                        : namespace.neighbours().list(attribute(payload, LENGTH_OF_NDMSG, NDA_IFINDEX));
            case RTM_SETNEIGHTBL -> neighbourTable(payload);
            case RTM_NEWQDISC, RTM_DELQDISC -> qdisc(type, flags, known(TrafficCodec.readQdisc(RTM_NEWQDISC, payload)));
            case RTM_GETQDISC -> namespace.traffic().listQdiscs();
            case RTM_NEWTFILTER, RTM_DELTFILTER ->
                filter(type, known(TrafficCodec.readFilter(RTM_NEWTFILTER, payload)));
            case RTM_GETTFILTER -> namespace.traffic().listFilters(payload.getInt(4), payload.getInt(12));
            case RTM_GETNSID -> getNsid(attribute(payload, LENGTH_OF_RTGENMSG, NETNSA_FD));
            default -> throw new FakeRefusal(Errno.EOPNOTSUPP);
        };
    }

    /** Those that every kernel begins with. */
    private static FakeOperation rules(boolean ipv6) {
        List<IpRule> rules = new ArrayList<>(
                List.of(rule(ipv6, 0, Route.RT_TABLE_LOCAL), rule(ipv6, MAIN_PRIORITY, Route.RT_TABLE_MAIN)));
        if (!ipv6) {
            rules.add(rule(false, MAIN_PRIORITY + 1, Route.RT_TABLE_DEFAULT));
        }
        return FakeOperation.read("rule list", () -> FakeOperation.messages(RTM_NEWRULE, rules, RuleCodec::writeBody));
    }

    private static IpRule rule(boolean ipv6, int priority, int table) {
        IpRule.Selector all = new IpRule.Selector(false, null, null, "", "", 0, 0, false, false);
        return new IpRule(ipv6, priority, all, IpRule.FR_ACT_TO_TBL, table, 0, -1);
    }

    private static <T> T known(@Nullable T value) throws FakeRefusal {
        if (value == null) {
            throw new FakeRefusal(Errno.EAFNOSUPPORT);
        }
        return value;
    }

    private FakeOperation newLink(int flags, ByteBuffer payload) throws NetlinkException, FakeRefusal {
        LinkSpec spec = FakeLinkCodec.readSpec(payload);
        return FakeOperation.write("link add " + spec, () -> namespace.links().create(spec, flags));
    }

    private FakeOperation setLink(LinkChange change) {
        return FakeOperation.write("link set " + change, () -> namespace.links().change(change));
    }

    private FakeOperation deleteLink(ByteBuffer payload) throws NetlinkException {
        LinkChange target = FakeLinkCodec.readChange(payload);
        return FakeOperation.write(
                "link delete " + target,
                () -> namespace.links().delete(namespace.links().get(target.index(), target.name())));
    }

    private FakeOperation getLink(ByteBuffer payload) throws NetlinkException {
        LinkChange target = FakeLinkCodec.readChange(payload);
        return FakeOperation.read("link show " + target, () -> {
            FakeLink link = namespace.links().get(target.index(), target.name());
            return List.of(FakeOperation.message(RTM_NEWLINK, out -> FakeLinkCodec.write(out, link.show())));
        });
    }

    private FakeOperation address(int type, int flags, Address address) {
        FakeAddresses addresses = namespace.addresses();
        return type == RTM_DELADDR
                ? FakeOperation.write("address delete " + address, () -> addresses.delete(address))
                : FakeOperation.write("address " + verb(flags) + address, () -> addresses.add(address, flags));
    }

    private FakeOperation route(int type, int flags, Route route) {
        FakeRoutes routes = namespace.routes();
        return type == RTM_DELROUTE
                ? FakeOperation.write("route delete " + route, () -> routes.delete(route))
                : FakeOperation.write("route " + verb(flags) + route, () -> routes.add(route, flags));
    }

    private FakeOperation neighbour(int type, int flags, Neighbour neighbour) {
        FakeNeighbours neighbours = namespace.neighbours();
        return type == RTM_DELNEIGH
                ? FakeOperation.write("neighbour delete " + neighbour, () -> neighbours.delete(neighbour))
                : FakeOperation.write("neighbour " + verb(flags) + neighbour, () -> neighbours.add(neighbour, flags));
    }

    private FakeOperation fdb(int type, int flags, FdbEntry entry) {
        FakeNeighbours neighbours = namespace.neighbours();
        return type == RTM_DELNEIGH
                ? FakeOperation.write("fdb delete " + entry, () -> neighbours.deleteFdb(entry))
                : FakeOperation.write("fdb " + verb(flags) + entry, () -> neighbours.addFdb(entry, flags));
    }

    private FakeOperation qdisc(int type, int flags, Qdisc qdisc) {
        FakeTraffic traffic = namespace.traffic();
        return type == RTM_DELQDISC
                ? FakeOperation.write("qdisc delete " + qdisc, () -> traffic.delete(qdisc))
                : FakeOperation.write("qdisc " + verb(flags) + qdisc, () -> traffic.add(qdisc, flags));
    }

    private FakeOperation filter(int type, Filter filter) {
        FakeTraffic traffic = namespace.traffic();
        return type == RTM_DELTFILTER
                ? FakeOperation.write("filter delete " + filter, () -> traffic.delete(filter))
                : FakeOperation.write("filter add " + filter, () -> traffic.add(filter));
    }

    private FakeOperation neighbourTable(ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, LENGTH_OF_NDTMSG);
        int linkIndex = 0;
        long delay = -1;
        while (in.next()) {
            AttributeReader parameters = in.nested();
            while (in.type() == NDTA_PARMS && parameters.next()) {
                switch (parameters.type()) {
                    case NDTPA_IFINDEX -> linkIndex = parameters.u32();
                    case NDTPA_PROXY_DELAY -> delay = parameters.u64();
                    default -> {}
                }
            }
        }
        int target = linkIndex;
        long value = delay;
        return FakeOperation.write(
                "neighbour table set dev " + target + " proxy_delay " + value,
                () -> namespace.links().setProxyDelay(target, value));
    }

    private FakeOperation getNsid(int fd) {
        return FakeOperation.read("nsid show fd " + fd, () -> {
            FakeNamespace other = namespace.kernel().byFd(fd);
            if (other == null) {
                throw new FakeRefusal(Errno.EBADF, "Bad fd");
            }
            int nsid = namespace.nsid(other);
            return List.of(
                    FakeOperation.message(RTM_NEWNSID, out -> out.u32(AF_UNSPEC).u32(NETNSA_NSID, nsid)));
        });
    }

    private static int attribute(ByteBuffer payload, int headerLength, int type) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, headerLength);
        int value = 0;
        while (in.next()) {
            if (in.type() == type) {
                value = in.u32();
            }
        }
        return value;
    }

    private static String verb(int flags) {
        if ((flags & NLM_F_REPLACE) != 0) {
            return "replace ";
        }
        return (flags & NLM_F_APPEND) != 0 ? "append " : "add ";
    }
}
