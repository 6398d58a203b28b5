package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.nft.Expression.*;
import java.util.List;

/** Expressions as the kernel takes them. Numbers travel in network byte order. */
final class ExpressionWriter {
    private ExpressionWriter() {}

    static void writeAll(MessageWriter out, int attribute, List<Expression> expressions) {
        int list = out.beginNest(attribute);
        for (Expression expression : expressions) {
            write(out, NFTA_LIST_ELEM, expression);
        }
        out.endNest(list);
    }

    static void write(MessageWriter out, int attribute, Expression expression) {
        int element = out.beginNest(attribute);
        out.string(NFTA_EXPR_NAME, name(expression));
        if (expression instanceof Other other) {
            out.bytes(
                    NFTA_EXPR_DATA | io.towpath.netlink.Nl.NLA_F_NESTED,
                    other.data().bytes());
        } else {
            int data = out.beginNest(NFTA_EXPR_DATA);
            write(out, expression);
            out.endNest(data);
        }
        out.endNest(element);
    }

    private static String name(Expression expression) {
        return switch (expression) {
            case Meta _, MetaSet _ -> "meta";
            case Payload _ -> "payload";
            case Ct _, CtSet _ -> "ct";
            case Cmp _ -> "cmp";
            case Bitwise _ -> "bitwise";
            case Range _ -> "range";
            case Lookup _ -> "lookup";
            case Immediate _, Decide _ -> "immediate";
            case Nat _ -> "nat";
            case Masquerade _ -> "masq";
            case Redirect _ -> "redir";
            case Fib _ -> "fib";
            case Counter _ -> "counter";
            case Limit _ -> "limit";
            case Log _ -> "log";
            case Reject _ -> "reject";
            case Notrack _ -> "notrack";
            case NumGen _ -> "numgen";
            case Dynset _ -> "dynset";
            case ObjectRef _ -> "objref";
            case ConnLimit _ -> "connlimit";
            case FlowOffload _ -> "flow_offload";
            case Other other -> other.name();
        };
    }

    private static void write(MessageWriter out, Expression expression) {
        switch (expression) {
            case Meta e -> out.be32(NFTA_META_KEY, e.key().number()).be32(NFTA_META_DREG, e.register());
            case MetaSet e -> out.be32(NFTA_META_KEY, e.key().number()).be32(NFTA_META_SREG, e.register());
            case Payload e ->
                out.be32(NFTA_PAYLOAD_DREG, e.register())
                        .be32(NFTA_PAYLOAD_BASE, e.header().number())
                        .be32(NFTA_PAYLOAD_OFFSET, e.offset())
                        .be32(NFTA_PAYLOAD_LEN, e.length());
            case Ct e -> {
                out.be32(NFTA_CT_KEY, e.key().number()).be32(NFTA_CT_DREG, e.register());
                if (e.direction() >= 0) {
                    out.u8(NFTA_CT_DIRECTION, e.direction());
                }
            }
            case CtSet e -> out.be32(NFTA_CT_KEY, e.key().number()).be32(NFTA_CT_SREG, e.register());
            case Cmp e -> {
                out.be32(NFTA_CMP_SREG, e.register())
                        .be32(NFTA_CMP_OP, e.operator().number());
                value(out, NFTA_CMP_DATA, e.value());
            }
            case Bitwise e -> {
                out.be32(NFTA_BITWISE_SREG, e.source())
                        .be32(NFTA_BITWISE_DREG, e.destination())
                        .be32(NFTA_BITWISE_LEN, e.mask().length());
                value(out, NFTA_BITWISE_MASK, e.mask());
                value(out, NFTA_BITWISE_XOR, e.xor());
            }
            case Range e -> {
                out.be32(NFTA_RANGE_SREG, e.register()).be32(NFTA_RANGE_OP, e.negated() ? 1 : 0);
                value(out, NFTA_RANGE_FROM_DATA, e.first());
                value(out, NFTA_RANGE_TO_DATA, e.last());
            }
            case Lookup e -> {
                out.string(NFTA_LOOKUP_SET, e.set()).be32(NFTA_LOOKUP_SREG, e.source());
                register(out, NFTA_LOOKUP_DREG, e.destination());
                if (e.negated()) {
                    out.be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
                }
            }
            case Immediate e -> {
                out.be32(NFTA_IMMEDIATE_DREG, e.register());
                value(out, NFTA_IMMEDIATE_DATA, e.value());
            }
            case Decide e -> {
                out.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
                verdict(out, NFTA_IMMEDIATE_DATA, e.verdict());
            }
            case Fib e ->
                out.be32(NFTA_FIB_DREG, e.register())
                        .be32(NFTA_FIB_RESULT, e.result())
                        .be32(NFTA_FIB_FLAGS, e.flags());
            case NumGen e ->
                out.be32(NFTA_NG_DREG, e.register())
                        .be32(NFTA_NG_MODULUS, e.modulus())
                        .be32(NFTA_NG_TYPE, e.random() ? NFT_NG_RANDOM : NFT_NG_INCREMENTAL)
                        .be32(NFTA_NG_OFFSET, e.offset());
            case Other _ -> throw new IllegalStateException("written as it is");
            default -> writeStatement(out, expression);
        }
    }

    private static void writeStatement(MessageWriter out, Expression expression) {
        switch (expression) {
            case Nat e -> {
                out.be32(NFTA_NAT_TYPE, e.isDestination() ? NFT_NAT_DNAT : NFT_NAT_SNAT)
                        .be32(NFTA_NAT_FAMILY, e.family().number());
                register(out, NFTA_NAT_REG_ADDR_MIN, e.firstAddress());
                register(out, NFTA_NAT_REG_ADDR_MAX, e.lastAddress());
                register(out, NFTA_NAT_REG_PROTO_MIN, e.firstPort());
                register(out, NFTA_NAT_REG_PROTO_MAX, e.lastPort());
                flags(out, NFTA_NAT_FLAGS, e.flags());
            }
            case Masquerade e -> {
                flags(out, NFTA_MASQ_FLAGS, e.flags());
                register(out, NFTA_MASQ_REG_PROTO_MIN, e.firstPort());
                register(out, NFTA_MASQ_REG_PROTO_MAX, e.lastPort());
            }
            case Redirect e -> {
                register(out, NFTA_REDIR_REG_PROTO_MIN, e.firstPort());
                register(out, NFTA_REDIR_REG_PROTO_MAX, e.lastPort());
                flags(out, NFTA_REDIR_FLAGS, e.flags());
            }
            case Counter e -> out.be64(NFTA_COUNTER_BYTES, e.bytes()).be64(NFTA_COUNTER_PACKETS, e.packets());
            case Limit e ->
                out.be64(NFTA_LIMIT_RATE, e.rate())
                        .be64(NFTA_LIMIT_UNIT, e.seconds())
                        .be32(NFTA_LIMIT_BURST, e.burst())
                        .be32(NFTA_LIMIT_TYPE, e.ofBytes() ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS)
                        .be32(NFTA_LIMIT_FLAGS, e.over() ? NFT_LIMIT_F_INV : 0);
            case Log e -> {
                if (!e.prefix().isEmpty()) {
                    out.string(NFTA_LOG_PREFIX, e.prefix());
                }
                if (e.group() == Expression.NONE) {
                    out.be32(NFTA_LOG_LEVEL, e.level());
                } else {
                    out.be16(NFTA_LOG_GROUP, e.group()).be32(NFTA_LOG_SNAPLEN, e.snaplen());
                }
            }
            case Reject e -> out.be32(NFTA_REJECT_TYPE, e.type()).u8(NFTA_REJECT_ICMP_CODE, e.code());
            case Dynset e -> {
                out.string(NFTA_DYNSET_SET_NAME, e.set())
                        .be32(NFTA_DYNSET_OP, e.operation().number())
                        .be32(NFTA_DYNSET_SREG_KEY, e.key());
                register(out, NFTA_DYNSET_SREG_DATA, e.data());
                if (e.timeoutMillis() != 0) {
                    out.be64(NFTA_DYNSET_TIMEOUT, e.timeoutMillis());
                }
            }
            case ObjectRef e -> out.be32(NFTA_OBJREF_IMM_TYPE, e.type()).string(NFTA_OBJREF_IMM_NAME, e.name());
            case ConnLimit e ->
                out.be32(NFTA_CONNLIMIT_COUNT, e.count())
                        .be32(NFTA_CONNLIMIT_FLAGS, e.over() ? NFT_CONNLIMIT_F_INV : 0);
            case FlowOffload e -> out.string(NFTA_FLOW_TABLE_NAME, e.flowtable());
            default -> {} // notrack has nothing to say
        }
    }

    static void value(MessageWriter out, int attribute, Value value) {
        int nest = out.beginNest(attribute);
        out.bytes(NFTA_DATA_VALUE, value.bytes()).endNest(nest);
    }

    static void verdict(MessageWriter out, int attribute, Verdict verdict) {
        int nest = out.beginNest(attribute);
        int inner = out.beginNest(NFTA_DATA_VERDICT);
        out.be32(NFTA_VERDICT_CODE, verdict.code());
        if (!verdict.chain().isEmpty()) {
            out.string(NFTA_VERDICT_CHAIN, verdict.chain());
        }
        out.endNest(inner).endNest(nest);
    }

    private static void register(MessageWriter out, int attribute, int register) {
        if (register != Expression.NONE) {
            out.be32(attribute, register);
        }
    }

    private static void flags(MessageWriter out, int attribute, int flags) {
        if (flags != 0) {
            out.be32(attribute, flags);
        }
    }
}
