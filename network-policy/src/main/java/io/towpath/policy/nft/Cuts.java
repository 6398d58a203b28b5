package io.towpath.policy.nft;

import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Expression.Bitwise;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;

/**
 * TCP connections that were cut, as policies permit them no more. The kernel takes any packet of TCP for the beginning of a connection that it does
 * not know. So an acknowledgement on its way, or whatever the other side sends, would revive what was forgotten, where that side may
 * begin connections.
 */
final class Cuts {
    /** For how long a connection is not revived: longer than anybody sends into one that does not answer. */
    private static final long TIMEOUT_MILLIS = 24 * 3_600_000L;

    /** Where TCP has its flags, in bytes, and one of them. */
    private static final int TCP_FLAGS = 13;

    private static final int SYN = 2;
    private static final int REGISTER = 1;

    private Cuts() {}

    /** Packets of them, the way that may be permitted. */
    static NftSet set(Table table, boolean ipv6) {
        DataType address = TableLayout.address(ipv6);
        return NftSet.set(table, TableLayout.name("cut", ipv6), address, address, DataType.PORT, DataType.PORT)
                .withTimeout(TIMEOUT_MILLIS);
    }

    static Value key(Flow flow) {
        return Value.concat(
                Value.of(flow.source()),
                Value.of(flow.destination()),
                Value.be16(flow.sourcePort()),
                Value.be16(flow.destinationPort()));
    }

    /** Such packets, but for those that begin a connection in earnest. */
    static RuleBuilder packets(Chain chain, NftSet set, boolean ipv6) {
        return Rule.in(chain)
                .tcp()
                .with(new Payload(Header.TRANSPORT, TCP_FLAGS, 1, REGISTER))
                .with(new Bitwise(REGISTER, REGISTER, Value.u8(SYN), Value.u8(0)))
                .with(new Cmp(REGISTER, Operator.EQ, Value.u8(0)))
                .in(
                        set,
                        ipv6 ? Field.IP6_SADDR : Field.IP_SADDR,
                        ipv6 ? Field.IP6_DADDR : Field.IP_DADDR,
                        Field.SPORT,
                        Field.DPORT);
    }
}
