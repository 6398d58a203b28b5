package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The links of a fake namespace, and what goes with them when they do: net/core/rtnetlink.c, drivers/net/{veth,vxlan}. */
final class FakeLinks {
    static final int LOOPBACK_INDEX = 1;

    private static final int IFNAMSIZ = 16;
    private static final int ALIAS_MAX = 255;
    private static final int MTU_MIN = 68;
    private static final int MTU_MAX = 65535;
    private static final int MTU_ETHERNET = 1500;
    private static final int MTU_LOOPBACK = 65536;
    private static final int HEADROOM_OVER_IPV4 = 50;
    private static final int HEADROOM_OVER_IPV6 = 70;
    private static final int VNI_MAX = (1 << 24) - 1;
    private static final int PORT_DEFAULT = 8472;
    private static final List<String> PLAIN_KINDS = List.of("bridge", "dummy", "ifb");

    private final FakeNamespace namespace;
    private final Map<Integer, FakeLink> links = new LinkedHashMap<>();
    private int lastIndex = LOOPBACK_INDEX;

    FakeLinks(FakeNamespace namespace) {
        this.namespace = namespace;
        FakeLink loopback =
                new FakeLink(namespace, LOOPBACK_INDEX, "lo", new MacAddress(0), MTU_LOOPBACK, new LinkKind.Other(""));
        links.put(LOOPBACK_INDEX, loopback);
    }

    FakeOperation list() {
        return FakeOperation.read(
                "link list",
                () -> FakeOperation.messages(
                        RTM_NEWLINK,
                        List.copyOf(links.values()),
                        (out, link) -> FakeLinkCodec.write(out, link.show())));
    }

    /** The link with an index or, if that is 0, a name. */
    FakeLink get(int index, @Nullable String name) throws FakeRefusal {
        FakeLink link = index != 0 ? links.get(index) : byName(name == null ? "" : name);
        if (link == null) {
            throw new FakeRefusal(Errno.ENODEV);
        }
        return link;
    }

    private @Nullable FakeLink byName(String name) {
        return links.values().stream()
                .filter(link -> link.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    void create(LinkSpec spec, int flags) throws FakeRefusal {
        if ((flags & NLM_F_CREATE) == 0 && byName(spec.name()) == null) {
            throw new FakeRefusal(Errno.ENODEV);
        }
        checkName(spec.name());
        switch (spec) {
            case LinkSpec.VethPair pair -> createPair(pair);
            case LinkSpec.VxlanDevice device -> createVxlan(device);
            case LinkSpec.Plain plain -> {
                if (!PLAIN_KINDS.contains(plain.kind())) {
                    throw new FakeRefusal(Errno.EOPNOTSUPP, "Unknown device type");
                }
                put(plain.name(), plain.mac(), mtu(plain.mtu(), MTU_ETHERNET), new LinkKind.Other(plain.kind()));
            }
        }
    }

    private void createPair(LinkSpec.VethPair pair) throws FakeRefusal {
        FakeNamespace other =
                pair.peerNetNs() < 0 ? namespace : namespace.kernel().byFd(pair.peerNetNs());
        if (other == null) {
            throw new FakeRefusal(Errno.EBADF);
        }
        if (other == namespace && pair.peerName().equals(pair.name())) {
            throw new FakeRefusal(Errno.EEXIST);
        }
        checkMac(pair.mac());
        int mtu = mtu(pair.mtu(), MTU_ETHERNET);
        other.links().checkName(pair.peerName());
        // As the kernel does: the peer is registered first.
        FakeLink peer = other.links().put(pair.peerName(), pair.peerMac(), mtu, new LinkKind.Veth());
        FakeLink link = put(pair.name(), pair.mac(), mtu, new LinkKind.Veth());
        FakeLink.join(link, peer);
    }

    private void createVxlan(LinkSpec.VxlanDevice device) throws FakeRefusal {
        Vxlan asked = device.attributes();
        Vxlan vxlan = asked.port() == 0 ? withPort(asked, PORT_DEFAULT) : asked;
        if (vxlan.id() < 0 || vxlan.id() > VNI_MAX) {
            throw new FakeRefusal(Errno.ERANGE, "VXLAN ID must be lower than 16777216");
        }
        IpAddress local = vxlan.local();
        IpAddress group = vxlan.group();
        if (local != null && group != null && local.ipv6() != group.ipv6()) {
            throw new FakeRefusal(Errno.EINVAL, "Local and remote address must be from the same family");
        }
        FakeLink lower = vxlan.linkIndex() == 0 ? null : links.get(vxlan.linkIndex());
        if (vxlan.linkIndex() != 0 && lower == null) {
            throw new FakeRefusal(Errno.ENODEV, "Specified interface for multicast destination addresses not found");
        }
        for (FakeLink link : links.values()) {
            Vxlan other = link.vxlan();
            if (other != null
                    && other.id() == vxlan.id()
                    && other.port() == vxlan.port()
                    && isIpv6(other) == isIpv6(vxlan)) {
                throw new FakeRefusal(Errno.EEXIST, "A VXLAN device with the specified VNI already exists");
            }
        }
        int headroom = isIpv6(vxlan) ? HEADROOM_OVER_IPV6 : HEADROOM_OVER_IPV4;
        int mtu = mtu(device.mtu(), lower == null ? MTU_ETHERNET : lower.mtu() - headroom);
        put(device.name(), device.mac(), mtu, new LinkKind.VxlanTunnel(vxlan));
    }

    static boolean isIpv6(Vxlan vxlan) {
        IpAddress local = vxlan.local();
        IpAddress group = vxlan.group();
        return (local != null && local.ipv6()) || (group != null && group.ipv6());
    }

    private static Vxlan withPort(Vxlan v, int port) {
        return Vxlan.builder(v.id())
                .linkIndex(v.linkIndex())
                .local(v.local())
                .group(v.group())
                .port(port)
                .learning(v.learning())
                .proxy(v.proxy())
                .rsc(v.rsc())
                .l2miss(v.l2miss())
                .l3miss(v.l3miss())
                .gbp(v.gbp())
                .collectMetadata(v.collectMetadata())
                .ttl(v.ttl())
                .tos(v.tos())
                .ageing(v.ageing())
                .limit(v.limit())
                .sourcePorts(v.lowPort(), v.highPort())
                .udpChecksum(v.udpChecksum())
                .udpZeroChecksum6(v.udpZeroChecksum6Tx(), v.udpZeroChecksum6Rx())
                .build();
    }

    private FakeLink put(String name, @Nullable MacAddress mac, int mtu, LinkKind kind) throws FakeRefusal {
        checkMac(mac);
        MacAddress address = mac == null ? new MacAddress(namespace.kernel().nextMac()) : mac;
        FakeLink link = new FakeLink(namespace, ++lastIndex, name, address, mtu, kind);
        links.put(link.index(), link);
        return link;
    }

    void change(LinkChange change) throws FakeRefusal {
        FakeLink link = get(change.index(), change.name());
        if (change.mac() != null) {
            checkMac(change.mac());
            link.setMac(change.mac());
        }
        if (change.mtu() != null) {
            link.setMtu(mtu(change.mtu(), MTU_ETHERNET));
        }
        if (change.newName() != null && !change.newName().equals(link.name())) {
            checkName(change.newName());
            link.setName(change.newName());
        }
        if (change.alias() != null) {
            if (change.alias().length() > ALIAS_MAX) {
                throw new FakeRefusal(Errno.ERANGE, "Attribute failed policy validation");
            }
            link.setAlias(change.alias());
        }
        if (change.up() != null && change.up() != link.isUp()) {
            setUp(link, change.up());
        }
        if (change.master() != null) {
            if (change.master() != 0) {
                get(change.master(), null);
            }
            link.setMaster(change.master());
        }
        change.ipv4().forEach(link::set);
        if (change.addrGenMode() != null) {
            link.setAddrGenMode(change.addrGenMode());
        }
    }

    private void setUp(FakeLink link, boolean up) {
        link.setUp(up);
        if (up) {
            namespace.addresses().linkIsUp(link);
        } else {
            namespace.routes().linkIsDown(link.index());
            namespace.addresses().linkIsDown(link.index());
            namespace.neighbours().linkIsDown(link.index());
        }
        FakeLink peer = link.peer();
        if (up && peer != null) {
            peer.namespace().addresses().linkIsRunning(peer);
        }
    }

    void setProxyDelay(int index, long milliseconds) throws FakeRefusal {
        FakeLink link = links.get(index);
        if (link == null) {
            throw new FakeRefusal(Errno.ENOENT);
        }
        link.setProxyDelay(milliseconds);
    }

    void delete(FakeLink link) throws FakeRefusal {
        if (link.isLoopback()) {
            throw new FakeRefusal(Errno.EOPNOTSUPP);
        }
        link.namespace().links().remove(link);
        FakeLink peer = link.peer();
        if (peer != null) {
            peer.namespace().links().remove(peer);
        }
    }

    private void remove(FakeLink link) {
        links.remove(link.index());
        namespace.routes().linkIsGone(link.index());
        namespace.addresses().linkIsGone(link.index());
        namespace.neighbours().linkIsGone(link.index());
        namespace.traffic().linkIsGone(link.index());
        List<FakeLink> above = links.values().stream()
                .filter(other -> other.vxlan() != null && other.vxlan().linkIndex() == link.index())
                .toList();
        above.forEach(this::remove);
    }

    /** The end of the namespace. */
    void deleteAll() {
        for (FakeLink link : new ArrayList<>(links.values())) {
            remove(link);
            FakeLink peer = link.peer();
            if (peer != null) {
                peer.namespace().links().remove(peer);
            }
        }
    }

    private void checkName(String name) throws FakeRefusal {
        if (name.length() >= IFNAMSIZ) {
            throw new FakeRefusal(Errno.ERANGE, "Attribute failed policy validation");
        }
        boolean invalid = name.isEmpty()
                || name.equals(".")
                || name.equals("..")
                || name.chars().anyMatch(c -> c == '/' || c == ':' || Character.isWhitespace(c));
        if (invalid) {
            throw new FakeRefusal(Errno.EINVAL);
        }
        if (byName(name) != null) {
            throw new FakeRefusal(Errno.EEXIST);
        }
    }

    private static void checkMac(@Nullable MacAddress mac) throws FakeRefusal {
        if (mac != null && (mac.isMulticast() || mac.value() == 0)) {
            throw new FakeRefusal(Errno.EADDRNOTAVAIL);
        }
    }

    private static int mtu(int asked, int byDefault) throws FakeRefusal {
        if (asked != 0 && asked < MTU_MIN) {
            throw new FakeRefusal(Errno.EINVAL, "mtu less than device minimum");
        }
        if (asked > MTU_MAX) {
            throw new FakeRefusal(Errno.EINVAL, "mtu greater than device maximum");
        }
        return asked == 0 ? byDefault : asked;
    }
}
