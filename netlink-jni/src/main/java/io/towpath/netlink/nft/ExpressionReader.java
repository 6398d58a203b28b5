package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.Expression.NONE;
import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression.*;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Expressions as the kernel tells them. */
final class ExpressionReader {
    /** More than any expression's highest attribute. */
    private static final int ATTRIBUTES = 12;

    private static final Value NOTHING = Value.of(new byte[0]);

    private final long[] numbers = new long[ATTRIBUTES];
    private final boolean[] present = new boolean[ATTRIBUTES];
    private final String[] texts = new String[ATTRIBUTES];
    private @Nullable Verdict verdict;

    private ExpressionReader(AttributeReader in) throws NetlinkException {
        while (in.next()) {
            int type = in.type();
            if (type >= ATTRIBUTES) {
                continue;
            }
            present[type] = true;
            texts[type] = in.string();
            numbers[type] = number(in);
        }
    }

    private static long number(AttributeReader in) throws NetlinkException {
        return switch (in.length()) {
            case 1 -> in.u8();
            case 2 -> in.be16();
            case 4 -> in.be32();
            case 8 -> in.be64();
            default -> 0;
        };
    }

    static List<Expression> readAll(AttributeReader list) throws NetlinkException {
        List<Expression> expressions = new ArrayList<>();
        while (list.next()) {
            if (list.type() == NFTA_LIST_ELEM) {
                expressions.add(read(list.nested()));
            }
        }
        return expressions;
    }

    static Expression read(AttributeReader in) throws NetlinkException {
        String name = "";
        byte[] data = {};
        Expression known = null;
        while (in.next()) {
            switch (in.type()) {
                case NFTA_EXPR_NAME -> name = in.string();
                case NFTA_EXPR_DATA -> {
                    data = in.bytes();
                    known = known(name, in);
                }
                default -> {}
            }
        }
        if (known == null && name.equals("notrack")) {
            return new Notrack();
        }
        return known == null ? new Other(name, Value.of(data)) : known;
    }

    /** The expression, null if it is none that is known here. */
    private static @Nullable Expression known(String name, AttributeReader in) throws NetlinkException {
        ExpressionReader a = new ExpressionReader(in.nested());
        return switch (name) {
            case "meta" -> a.meta();
            case "payload" -> a.payload();
            case "ct" -> a.ct();
            case "cmp" -> {
                Value value = value(in.nested(), NFTA_CMP_DATA);
                int operator = a.number(NFTA_CMP_OP);
                yield Operator.isKnown(operator)
                        ? new Cmp(a.number(NFTA_CMP_SREG), Operator.of(operator), value)
                        : null;
            }
            case "bitwise" ->
                a.number(NFTA_BITWISE_OP) == 0 && a.present[NFTA_BITWISE_XOR]
                        ? new Bitwise(
                                a.number(NFTA_BITWISE_SREG),
                                a.number(NFTA_BITWISE_DREG),
                                value(in.nested(), NFTA_BITWISE_MASK),
                                value(in.nested(), NFTA_BITWISE_XOR))
                        : null;
            case "range" ->
                new Range(
                        a.number(NFTA_RANGE_SREG),
                        a.number(NFTA_RANGE_OP) == 1,
                        value(in.nested(), NFTA_RANGE_FROM_DATA),
                        value(in.nested(), NFTA_RANGE_TO_DATA));
            case "lookup" ->
                new Lookup(
                        a.text(NFTA_LOOKUP_SET),
                        a.number(NFTA_LOOKUP_SREG),
                        a.register(NFTA_LOOKUP_DREG),
                        (a.number(NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0);
            case "immediate" -> immediate(a, in);
            case "fib" -> new Fib(a.number(NFTA_FIB_RESULT), a.number(NFTA_FIB_FLAGS), a.number(NFTA_FIB_DREG));
            case "numgen" ->
                new NumGen(
                        a.number(NFTA_NG_DREG),
                        a.number(NFTA_NG_TYPE) == NFT_NG_RANDOM,
                        a.number(NFTA_NG_MODULUS),
                        a.number(NFTA_NG_OFFSET));
            default -> a.statement(name);
        };
    }

    private @Nullable Expression statement(String name) {
        return switch (name) {
            case "nat" ->
                new Nat(
                        number(NFTA_NAT_TYPE) == NFT_NAT_DNAT,
                        Family.of(number(NFTA_NAT_FAMILY)),
                        register(NFTA_NAT_REG_ADDR_MIN),
                        register(NFTA_NAT_REG_ADDR_MAX),
                        register(NFTA_NAT_REG_PROTO_MIN),
                        register(NFTA_NAT_REG_PROTO_MAX),
                        number(NFTA_NAT_FLAGS));
            case "masq" ->
                new Masquerade(
                        register(NFTA_MASQ_REG_PROTO_MIN), register(NFTA_MASQ_REG_PROTO_MAX), number(NFTA_MASQ_FLAGS));
            case "redir" ->
                new Redirect(
                        register(NFTA_REDIR_REG_PROTO_MIN),
                        register(NFTA_REDIR_REG_PROTO_MAX),
                        number(NFTA_REDIR_FLAGS));
            case "counter" -> new Counter(numbers[NFTA_COUNTER_PACKETS], numbers[NFTA_COUNTER_BYTES]);
            case "limit" ->
                new Limit(
                        numbers[NFTA_LIMIT_RATE],
                        numbers[NFTA_LIMIT_UNIT],
                        number(NFTA_LIMIT_BURST),
                        number(NFTA_LIMIT_TYPE) == NFT_LIMIT_PKT_BYTES,
                        (number(NFTA_LIMIT_FLAGS) & NFT_LIMIT_F_INV) != 0);
            case "log" -> log();
            case "reject" -> new Reject(number(NFTA_REJECT_TYPE), number(NFTA_REJECT_ICMP_CODE));
            case "notrack" -> new Notrack();
            case "dynset" -> dynset();
            case "objref" ->
                present[NFTA_OBJREF_IMM_NAME]
                        ? new ObjectRef(number(NFTA_OBJREF_IMM_TYPE), text(NFTA_OBJREF_IMM_NAME))
                        : null;
            case "connlimit" ->
                new ConnLimit(number(NFTA_CONNLIMIT_COUNT), (number(NFTA_CONNLIMIT_FLAGS) & NFT_CONNLIMIT_F_INV) != 0);
            case "flow_offload" -> new FlowOffload(text(NFTA_FLOW_TABLE_NAME));
            default -> null;
        };
    }

    private @Nullable Expression meta() {
        int key = number(NFTA_META_KEY);
        if (!MetaKey.isKnown(key)) {
            return null;
        }
        return present[NFTA_META_SREG]
                ? new MetaSet(MetaKey.of(key), number(NFTA_META_SREG))
                : new Meta(MetaKey.of(key), number(NFTA_META_DREG));
    }

    private @Nullable Expression payload() {
        int header = number(NFTA_PAYLOAD_BASE);
        if (!present[NFTA_PAYLOAD_DREG] || !Header.isKnown(header)) {
            return null;
        }
        return new Payload(
                Header.of(header), number(NFTA_PAYLOAD_OFFSET), number(NFTA_PAYLOAD_LEN), number(NFTA_PAYLOAD_DREG));
    }

    private @Nullable Expression ct() {
        int key = number(NFTA_CT_KEY);
        if (!CtKey.isKnown(key)) {
            return null;
        }
        if (present[NFTA_CT_SREG]) {
            return new CtSet(CtKey.of(key), number(NFTA_CT_SREG));
        }
        return new Ct(CtKey.of(key), number(NFTA_CT_DREG), register(NFTA_CT_DIRECTION));
    }

    private static Expression immediate(ExpressionReader a, AttributeReader in) throws NetlinkException {
        AttributeReader data = in.nested();
        while (data.next()) {
            if (data.type() == NFTA_IMMEDIATE_DATA) {
                a.verdict = verdict(data.nested());
            }
        }
        return a.verdict == null
                ? new Immediate(a.number(NFTA_IMMEDIATE_DREG), value(in.nested(), NFTA_IMMEDIATE_DATA))
                : new Decide(a.verdict);
    }

    private Expression log() {
        boolean hasGroup = present[NFTA_LOG_GROUP];
        return new Log(
                hasGroup ? number(NFTA_LOG_GROUP) : NONE,
                text(NFTA_LOG_PREFIX),
                number(NFTA_LOG_SNAPLEN),
                number(NFTA_LOG_LEVEL));
    }

    private @Nullable Expression dynset() {
        int operation = number(NFTA_DYNSET_OP);
        if (!SetOperation.isKnown(operation)) {
            return null;
        }
        return new Dynset(
                text(NFTA_DYNSET_SET_NAME),
                SetOperation.of(operation),
                number(NFTA_DYNSET_SREG_KEY),
                register(NFTA_DYNSET_SREG_DATA),
                numbers[NFTA_DYNSET_TIMEOUT]);
    }

    private int number(int attribute) {
        return (int) numbers[attribute];
    }

    private int register(int attribute) {
        return present[attribute] ? number(attribute) : NONE;
    }

    private String text(int attribute) {
        return present[attribute] ? texts[attribute] : "";
    }

    /** The value that an attribute holds, of no bytes if there is none. */
    private static Value value(AttributeReader in, int attribute) throws NetlinkException {
        while (in.next()) {
            if (in.type() == attribute) {
                return value(in.nested());
            }
        }
        return NOTHING;
    }

    /** The value of NFTA_DATA_VALUE, of no bytes if there is none. */
    static Value value(AttributeReader data) throws NetlinkException {
        while (data.next()) {
            if (data.type() == NFTA_DATA_VALUE) {
                return Value.of(data.bytes());
            }
        }
        return NOTHING;
    }

    /** The verdict of NFTA_DATA_VERDICT, null if there is none. */
    static @Nullable Verdict verdict(AttributeReader data) throws NetlinkException {
        while (data.next()) {
            if (data.type() != NFTA_DATA_VERDICT) {
                continue;
            }
            AttributeReader in = data.nested();
            int code = NFT_CONTINUE;
            String chain = "";
            while (in.next()) {
                switch (in.type()) {
                    case NFTA_VERDICT_CODE -> code = in.be32();
                    case NFTA_VERDICT_CHAIN -> chain = in.string();
                    default -> {}
                }
            }
            return new Verdict(code, chain);
        }
        return null;
    }
}
