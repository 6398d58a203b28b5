package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.IfLink.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.MacAddress;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Requests on links. */
final class LinkEncoder {
    private static final int QUEUES_OF_VETH = 1;

    private LinkEncoder() {}

    static void create(Requests requests, LinkSpec spec) {
        MessageWriter out = requests.add(RTM_NEWLINK, Nl.NLM_F_CREATE | Nl.NLM_F_EXCL, "link add", spec);
        switch (spec) {
            case LinkSpec.VethPair pair -> {
                end(out, pair.name(), pair.mac(), pair.mtu());
                queues(out);
                int info = beginKind(out, "veth");
                int data = out.beginNest(IFLA_INFO_DATA);
                int peer = out.beginNest(VETH_INFO_PEER);
                end(out, pair.peerName(), pair.peerMac(), pair.mtu());
                queues(out);
                if (pair.peerNetNs() >= 0) {
                    out.u32(IFLA_NET_NS_FD, pair.peerNetNs());
                }
                out.endNest(peer).endNest(data).endNest(info).end();
            }
            case LinkSpec.VxlanDevice device -> {
                end(out, device.name(), device.mac(), device.mtu());
                int info = beginKind(out, "vxlan");
                int data = out.beginNest(IFLA_INFO_DATA);
                VxlanCodec.write(out, device.attributes());
                out.endNest(data).endNest(info).end();
            }
            case LinkSpec.Plain plain -> {
                end(out, plain.name(), plain.mac(), plain.mtu());
                out.endNest(beginKind(out, plain.kind())).end();
            }
        }
    }

    private static void end(MessageWriter out, String name, @Nullable MacAddress mac, int mtu) {
        header(out, AF_UNSPEC, 0, 0, 0).string(IFLA_IFNAME, name);
        if (mac != null) {
            out.mac(IFLA_ADDRESS, mac);
        }
        if (mtu != 0) {
            out.u32(IFLA_MTU, mtu);
        }
    }

    /** By default the kernel makes a pair with as many queues as there are CPUs, and allocates for each. */
    private static void queues(MessageWriter out) {
        out.u32(IFLA_NUM_TX_QUEUES, QUEUES_OF_VETH).u32(IFLA_NUM_RX_QUEUES, QUEUES_OF_VETH);
    }

    private static int beginKind(MessageWriter out, String kind) {
        int info = out.beginNest(IFLA_LINKINFO);
        out.string(IFLA_INFO_KIND, kind);
        return info;
    }

    static void change(Requests requests, LinkChange change) {
        // The kernel does IFLA_AF_SPEC after the flags: in one message, a link set up would have its link-local address
        // already.
        boolean apart = change.addrGenMode() != null && Boolean.TRUE.equals(change.up());
        MessageWriter out = requests.add(RTM_SETLINK, 0, "link set", change);
        target(out, change, apart ? null : change.up());
        if (change.newName() != null) {
            if (change.name() != null) {
                throw new IllegalArgumentException("a link is renamed by its index");
            }
            out.string(IFLA_IFNAME, change.newName());
        }
        if (change.mac() != null) {
            out.mac(IFLA_ADDRESS, change.mac());
        }
        if (change.mtu() != null) {
            out.u32(IFLA_MTU, change.mtu());
        }
        if (change.master() != null) {
            out.u32(IFLA_MASTER, change.master());
        }
        if (change.alias() != null) {
            alias(out, change.alias());
        }
        familySettings(out, change);
        out.end();
        if (apart) {
            MessageWriter second = requests.addFurther(RTM_SETLINK, 0);
            // A rename in the first message leaves the index as it is.
            target(second, change, true);
            second.end();
        }
    }

    private static void target(MessageWriter out, LinkChange change, @Nullable Boolean up) {
        int mask = up == null ? 0 : Link.IFF_UP;
        header(out, AF_UNSPEC, change.index(), Boolean.TRUE.equals(up) ? Link.IFF_UP : 0, mask);
        if (change.name() != null) {
            out.string(IFLA_IFNAME, change.name());
        }
    }

    /** The kernel takes the NUL of a string for a part of the alias, and an empty attribute for none. */
    private static void alias(MessageWriter out, String alias) {
        out.bytes(IFLA_IFALIAS, alias.getBytes(StandardCharsets.UTF_8));
    }

    private static void familySettings(MessageWriter out, LinkChange change) {
        if (change.ipv4().isEmpty() && change.addrGenMode() == null) {
            return;
        }
        int families = out.beginNest(IFLA_AF_SPEC);
        if (!change.ipv4().isEmpty()) {
            int family = out.beginNest(AF_INET);
            int settings = out.beginNest(IFLA_INET_CONF);
            change.ipv4().forEach((setting, value) -> out.u32(setting.number(), value));
            out.endNest(settings).endNest(family);
        }
        if (change.addrGenMode() != null) {
            int family = out.beginNest(AF_INET6);
            out.u8(IFLA_INET6_ADDR_GEN_MODE, change.addrGenMode()).endNest(family);
        }
        out.endNest(families);
    }

    static void delete(Requests requests, int index) {
        MessageWriter out = requests.add(RTM_DELLINK, 0, "link delete", "index " + index);
        header(out, AF_UNSPEC, index, 0, 0).end();
    }

    static void delete(Requests requests, String name) {
        MessageWriter out = requests.add(RTM_DELLINK, 0, "link delete", name);
        header(out, AF_UNSPEC, 0, 0, 0).string(IFLA_IFNAME, name).end();
    }

    static void get(Requests requests, int index) {
        MessageWriter out = requests.add(RTM_GETLINK, 0, "link show", "index " + index);
        withoutStatistics(header(out, AF_UNSPEC, index, 0, 0)).end();
    }

    /** In the namespace of an id. */
    static void get(Requests requests, int index, int nsid) {
        MessageWriter out = requests.add(RTM_GETLINK, 0, "link show", "index " + index + " nsid " + nsid);
        withoutStatistics(header(out, AF_UNSPEC, index, 0, 0).u32(IFLA_TARGET_NETNSID, nsid))
                .end();
    }

    static void get(Requests requests, String name) {
        MessageWriter out = requests.add(RTM_GETLINK, 0, "link show", name);
        withoutStatistics(header(out, AF_UNSPEC, 0, 0, 0).string(IFLA_IFNAME, name))
                .end();
    }

    static void list(Requests requests) {
        MessageWriter out = requests.add(RTM_GETLINK, Nl.NLM_F_DUMP, "link", "list");
        withoutStatistics(header(out, AF_UNSPEC, 0, 0, 0)).end();
    }

    private static MessageWriter withoutStatistics(MessageWriter out) {
        return out.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }

    /** struct ifinfomsg. */
    private static MessageWriter header(MessageWriter out, int family, int index, int flags, int change) {
        return out.u8(family).u8(0).u16(0).u32(index).u32(flags).u32(change);
    }
}
