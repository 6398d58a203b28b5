package io.towpath.policy.nft;

import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Bitwise;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.policy.facts.Protocol;
import java.util.List;

/**
 * Connections that were cut, as policies permit them no more. For the kernel, nearly any packet may begin a connection that it does not know: any
 * of TCP and of UDP, a heartbeat of SCTP. So an answer on its way, or whatever the other side sends, would revive what was forgotten,
 * where that side may begin connections.
 */
final class Cuts {
    /** For how long a connection is not revived: longer than anybody sends into one that does not answer. */
    private static final long TIMEOUT_MILLIS = 24 * 3_600_000L;

    /**
     * The same of UDP, whose packets do not tell an answer from a question: longer than the kernel remembers a flow in which nothing goes
     * on. What the other side sends then is of its own accord.
     */
    private static final long UDP_TIMEOUT_MILLIS = 180_000L;

    /** Where TCP has its flags, in bytes, and one of them. */
    private static final int TCP_FLAGS = 13;

    private static final int SYN = 2;

    /** Where SCTP has the type of a packet's first chunk, in bytes, and that of the first packet, which has no other. */
    private static final int SCTP_CHUNK_TYPE = 12;

    private static final int INIT = 1;
    private static final int REGISTER = 1;

    private final Chain chain;

    /** @param table that drops them */
    Cuts(Table table) {
        chain = Chain.of(table, "cut");
    }

    /** Where packets go that are of no connection that is known, and from where all come back that revive none. */
    Chain chain() {
        return chain;
    }

    /**
     * What is in the chain.
     *
     * @param comment of what drops packets
     */
    ChainState state(String comment) {
        return new ChainState(
                chain,
                List.of(
                        Rule.in(chain)
                                .tcp()
                                .with(new Payload(Header.TRANSPORT, TCP_FLAGS, 1, REGISTER))
                                .with(new Bitwise(REGISTER, REGISTER, Value.u8(SYN), Value.u8(0)))
                                .with(new Cmp(REGISTER, Operator.NEQ, Value.u8(0)))
                                .returns(),
                        Rule.in(chain)
                                .sctp()
                                .with(new Payload(Header.TRANSPORT, SCTP_CHUNK_TYPE, 1, REGISTER))
                                .with(new Cmp(REGISTER, Operator.EQ, Value.u8(INIT)))
                                .returns(),
                        drop(false, comment),
                        drop(true, comment)));
    }

    private Rule drop(boolean ipv6, String comment) {
        return Rule.in(chain)
                .in(
                        set(ipv6),
                        ipv6 ? Field.IP6_SADDR : Field.IP_SADDR,
                        ipv6 ? Field.IP6_DADDR : Field.IP_DADDR,
                        Field.L4PROTO,
                        Field.SPORT,
                        Field.DPORT)
                .counter()
                .comment(comment)
                .drop();
    }

    /** Packets of them, the way that may be permitted. */
    NftSet set(boolean ipv6) {
        DataType address = TableLayout.address(ipv6);
        return NftSet.set(
                        chain.table(),
                        TableLayout.name("cut", ipv6),
                        address,
                        address,
                        DataType.PROTOCOL,
                        DataType.PORT,
                        DataType.PORT)
                .withTimeout(TIMEOUT_MILLIS);
    }

    /** Whether a connection of that protocol could be revived. */
    static boolean revives(int protocol) {
        for (Protocol each : Protocol.values()) {
            if (ProgramObjects.number(each) == protocol) {
                return true;
            }
        }
        return false;
    }

    static Element element(Flow flow) {
        Element element = Element.of(Value.concat(
                Value.of(flow.source()),
                Value.of(flow.destination()),
                Value.u8(flow.protocol()),
                Value.be16(flow.sourcePort()),
                Value.be16(flow.destinationPort())));
        boolean isUdp = flow.protocol() == ProgramObjects.number(Protocol.UDP);
        return isUdp ? element.withTimeout(UDP_TIMEOUT_MILLIS) : element;
    }
}
