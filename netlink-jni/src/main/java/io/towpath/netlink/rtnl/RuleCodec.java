package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.IpAddress;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The request for the rules of policy routing, and RTM_NEWRULE; constants as in {@code linux/fib_rules.h}. */
public final class RuleCodec {
    /** Length of struct fib_rule_hdr. */
    static final int HEADER_LENGTH = 12;

    private static final int FIB_RULE_INVERT = 2;
    private static final int FRA_DST = 1;
    private static final int FRA_SRC = 2;
    private static final int FRA_IIFNAME = 3;
    private static final int FRA_GOTO = 4;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_TUN_ID = 12;
    private static final int FRA_SUPPRESS_PREFIXLEN = 14;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    private static final int FRA_OIFNAME = 17;
    private static final int FRA_L3MDEV = 19;
    private static final int FRA_UID_RANGE = 20;
    private static final int FRA_IP_PROTO = 22;
    private static final int FRA_SPORT_RANGE = 23;
    private static final int FRA_DPORT_RANGE = 24;

    private RuleCodec() {}

    static void list(Requests requests, int family) {
        MessageWriter out = requests.add(RTM_GETRULE, Nl.NLM_F_DUMP, "rule list", "family " + family);
        header(out, family, 0, 0).end();
    }

    /** Writes a rule that is for all packets, without its netlink header. */
    public static void writeBody(MessageWriter out, IpRule rule) {
        header(out, rule.ipv6() ? AF_INET6 : AF_INET, rule.table(), rule.action())
                .u32(FRA_TABLE, rule.table())
                .u32(FRA_SUPPRESS_PREFIXLEN, rule.suppressed())
                .u32(FRA_PRIORITY, rule.priority());
    }

    /** struct fib_rule_hdr. */
    private static MessageWriter header(MessageWriter out, int family, int table, int action) {
        return out.u8(family).u8(0).u8(0).u8(0).u8(table).u8(0).u8(0).u8(action).u32(0);
    }

    /** The rule, null if the message is of another type or family. */
    static @Nullable IpRule read(int wantedFamily, int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int at = payload.position();
        if (type != RTM_NEWRULE || (payload.get(at) & 0xff) != wantedFamily) {
            return null;
        }
        return new Body(payload, at).read(in);
    }

    /** The attributes of one rule. */
    private static final class Body {
        private final ByteBuffer payload;
        private final int at;
        private @Nullable IpAddress source;
        private @Nullable IpAddress destination;
        private String inLink = "";
        private String outLink = "";
        private int priority;
        private int mark;
        private int mask;
        private boolean narrow;
        private boolean special;
        private int table;
        private int target;
        private int suppressed = -1;

        private Body(ByteBuffer payload, int at) {
            this.payload = payload;
            this.at = at;
            narrow = payload.get(at + 3) != 0;
            table = payload.get(at + 4) & 0xff;
        }

        private IpRule read(AttributeReader in) throws NetlinkException {
            while (in.next()) {
                attribute(in);
            }
            IpRule.Selector selector = new IpRule.Selector(
                    (payload.getInt(at + 8) & FIB_RULE_INVERT) != 0,
                    source == null ? null : AddressCodec.prefix(source, payload.get(at + 2) & 0xff),
                    destination == null ? null : AddressCodec.prefix(destination, payload.get(at + 1) & 0xff),
                    inLink,
                    outLink,
                    mark,
                    mask,
                    narrow,
                    special);
            return new IpRule(
                    (payload.get(at) & 0xff) == AF_INET6,
                    priority,
                    selector,
                    payload.get(at + 7) & 0xff,
                    table,
                    target,
                    suppressed);
        }

        private void attribute(AttributeReader in) throws NetlinkException {
            switch (in.type()) {
                case FRA_DST -> destination = in.address();
                case FRA_SRC -> source = in.address();
                case FRA_IIFNAME -> inLink = in.string();
                case FRA_OIFNAME -> outLink = in.string();
                case FRA_GOTO -> target = in.u32();
                case FRA_PRIORITY -> priority = in.u32();
                case FRA_FWMARK -> mark = in.u32();
                case FRA_FWMASK -> mask = in.u32();
                case FRA_TABLE -> table = in.u32();
                case FRA_SUPPRESS_PREFIXLEN -> suppressed = in.u32();
                case FRA_L3MDEV -> special |= in.u8() != 0;
                case FRA_UID_RANGE -> special = true;
                case FRA_TUN_ID -> special |= in.u64() != 0;
                case FRA_IP_PROTO -> narrow |= in.u8() != 0;
                case FRA_SPORT_RANGE, FRA_DPORT_RANGE -> narrow = true;
                // What newer kernels can ask for: flow labels, DSCP, masks of ports.
                default -> narrow |= in.type() > FRA_DPORT_RANGE;
            }
        }
    }
}
