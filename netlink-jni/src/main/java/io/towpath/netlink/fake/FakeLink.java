package io.towpath.netlink.fake;

import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A device of a fake kernel. */
final class FakeLink {
    private static final int IFF_BROADCAST = 0x2;
    private static final int IFF_RUNNING = 0x40;
    private static final int IFF_MULTICAST = 0x1000;
    private static final int IFF_LOWER_UP = 0x10000;
    private static final int IF_OPER_UNKNOWN = 0;
    private static final int IF_OPER_DOWN = 2;
    private static final int IF_OPER_LOWERLAYERDOWN = 3;
    private static final int IF_OPER_UP = 6;
    private static final long PROXY_DELAY_DEFAULT = 800;

    private final FakeNamespace namespace;
    private final int index;
    private final LinkKind kind;
    private final Map<Ipv4Devconf, Integer> ipv4 = new EnumMap<>(Ipv4Devconf.class);
    private String name;
    private MacAddress mac;
    private int mtu;
    private boolean up;
    private int masterIndex;
    private int addrGenMode = LinkChange.IN6_ADDR_GEN_MODE_EUI64;
    private long proxyDelay = PROXY_DELAY_DEFAULT;
    private @Nullable String alias;
    private @Nullable FakeLink peer;

    FakeLink(FakeNamespace namespace, int index, String name, MacAddress mac, int mtu, LinkKind kind) {
        this.namespace = namespace;
        this.index = index;
        this.name = name;
        this.mac = mac;
        this.mtu = mtu;
        this.kind = kind;
        for (Ipv4Devconf setting : Ipv4Devconf.values()) {
            ipv4.put(setting, 0);
        }
    }

    static void join(FakeLink one, FakeLink other) {
        one.peer = other;
        other.peer = one;
    }

    /** What the kernel shows of it. */
    Link show() {
        int parent = vxlan() == null ? 0 : vxlan().linkIndex();
        int nsid = -1;
        if (peer != null) {
            parent = peer.index;
            nsid = peer.namespace == namespace ? -1 : namespace.assignNsid(peer.namespace);
        }
        return new Link(
                index,
                name,
                mac,
                mtu,
                flags(),
                operState(),
                parent,
                nsid,
                masterIndex,
                1,
                1,
                addrGenMode,
                alias,
                kind,
                ipv4);
    }

    private int flags() {
        int constant = isLoopback() ? Link.IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST;
        int running = isRunning() ? IFF_RUNNING | IFF_LOWER_UP : 0;
        return constant | running | (up ? Link.IFF_UP : 0);
    }

    private int operState() {
        if (isLoopback() || (up && vxlan() != null)) {
            return IF_OPER_UNKNOWN;
        }
        if (up) {
            return isRunning() ? IF_OPER_UP : IF_OPER_LOWERLAYERDOWN;
        }
        return IF_OPER_DOWN;
    }

    /** Whether it is up and, of a pair, the other end too. */
    boolean isRunning() {
        return up && (peer == null || peer.up);
    }

    boolean isLoopback() {
        return index == FakeLinks.LOOPBACK_INDEX;
    }

    FakeNamespace namespace() {
        return namespace;
    }

    int index() {
        return index;
    }

    String name() {
        return name;
    }

    void setName(String value) {
        name = value;
    }

    MacAddress mac() {
        return mac;
    }

    void setMac(MacAddress value) {
        mac = value;
    }

    int mtu() {
        return mtu;
    }

    void setMtu(int value) {
        mtu = value;
    }

    boolean isUp() {
        return up;
    }

    void setUp(boolean value) {
        up = value;
    }

    void setMaster(int value) {
        masterIndex = value;
    }

    int addrGenMode() {
        return addrGenMode;
    }

    void setAddrGenMode(int value) {
        addrGenMode = value;
    }

    void setAlias(String value) {
        alias = value.isEmpty() ? null : value;
    }

    void set(Ipv4Devconf setting, int value) {
        ipv4.put(setting, value);
    }

    long proxyDelay() {
        return proxyDelay;
    }

    void setProxyDelay(long milliseconds) {
        proxyDelay = milliseconds;
    }

    @Nullable
    FakeLink peer() {
        return peer;
    }

    @Nullable
    Vxlan vxlan() {
        return kind instanceof LinkKind.VxlanTunnel(Vxlan attributes) ? attributes : null;
    }
}
