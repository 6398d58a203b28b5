package io.towpath.netlink.nft;

import io.towpath.netlink.nft.Expression.Ct;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Meta;
import io.towpath.netlink.nft.Expression.Payload;
import org.jspecify.annotations.Nullable;

/** What rules match on and sets are asked for. */
public enum Field {
    IIFNAME(MetaKey.IIFNAME, Value.NAME_LENGTH),
    OIFNAME(MetaKey.OIFNAME, Value.NAME_LENGTH),
    MARK(MetaKey.MARK, 4),
    NFPROTO(MetaKey.NFPROTO, 1),
    /** Of what kind the link is that the packet came in by: {@code ARPHRD_*} in this machine's order. */
    IIFTYPE(MetaKey.IIFTYPE, 2),
    /** The protocol of an Ethernet frame: {@code ETH_P_*} in network order; of one that is tagged that of its first tag. */
    PROTOCOL(Header.LINK, 12, 2, null),
    L4PROTO(MetaKey.L4PROTO, 1),
    PKTTYPE(MetaKey.PKTTYPE, 1),
    CT_STATE(CtKey.STATE, 4),
    CT_STATUS(CtKey.STATUS, 4),
    CT_MARK(CtKey.MARK, 4),
    CT_DIRECTION(CtKey.DIRECTION, 1),
    /** Who began the packet's connection. */
    CT_ORIGINAL_IP_SADDR(CtKey.SRC_IP, 0, 4, Family.IPV4),
    /** Who answers in the packet's connection. */
    CT_REPLY_IP_SADDR(CtKey.SRC_IP, 1, 4, Family.IPV4),
    /** Who began the packet's connection. */
    CT_ORIGINAL_IP6_SADDR(CtKey.SRC_IP6, 0, 16, Family.IPV6),
    /** Who answers in the packet's connection. */
    CT_REPLY_IP6_SADDR(CtKey.SRC_IP6, 1, 16, Family.IPV6),
    IP_SADDR(Header.NETWORK, 12, 4, Family.IPV4),
    IP_DADDR(Header.NETWORK, 16, 4, Family.IPV4),
    /** By which address the sender of an ARP packet, of Ethernet and IPv4, says that it is known. */
    ARP_SENDER(Header.NETWORK, 14, 4, Family.ARP),
    IP6_SADDR(Header.NETWORK, 8, 16, Family.IPV6),
    IP6_DADDR(Header.NETWORK, 24, 16, Family.IPV6),
    /** A port of TCP, UDP or SCTP. */
    SPORT(Header.TRANSPORT, 0, 2, null),
    /** A port of TCP, UDP or SCTP. */
    DPORT(Header.TRANSPORT, 2, 2, null),
    /** The type of an ICMP or ICMPv6 message. */
    ICMP_TYPE(Header.TRANSPORT, 0, 1, null);

    private final @Nullable MetaKey meta;
    private final @Nullable CtKey ct;
    private final int direction;
    private final Header header;
    private final int offset;
    private final int length;
    private final @Nullable Family family;

    Field(MetaKey key, int length) {
        this(key, null, Expression.NONE, Header.NETWORK, 0, length, null);
    }

    Field(CtKey key, int length) {
        this(key, Expression.NONE, length, null);
    }

    Field(CtKey key, int direction, int length, @Nullable Family family) {
        this(null, key, direction, Header.NETWORK, 0, length, family);
    }

    Field(Header header, int offset, int length, @Nullable Family family) {
        this(null, null, Expression.NONE, header, offset, length, family);
    }

    Field(
            @Nullable MetaKey meta,
            @Nullable CtKey ct,
            int direction,
            Header header,
            int offset,
            int length,
            @Nullable Family family) {
        this.meta = meta;
        this.ct = ct;
        this.direction = direction;
        this.header = header;
        this.offset = offset;
        this.length = length;
        this.family = family;
    }

    /** In bytes. */
    int length() {
        return length;
    }

    /** The only family that has it, null if all do. */
    @Nullable
    Family family() {
        return family;
    }

    /** Whether an expression loads this field of packets, and all of it. */
    public boolean isLoadedBy(Payload payload) {
        return meta == null
                && ct == null
                && payload.header() == header
                && payload.offset() == offset
                && payload.length() == length;
    }

    /** Loads the first bytes of it. */
    Expression load(int register, int bytes) {
        if (meta != null) {
            return new Meta(meta, register);
        }
        return ct != null ? new Ct(ct, register, direction) : new Payload(header, offset, bytes, register);
    }
}
