package io.towpath.agent.firewall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A match or target of iptables in a rule of nftables: NFTA_MATCH_* and NFTA_TARGET_* of {@code linux/netfilter/nf_tables.h}, and the
 * structures of {@code linux/netfilter/xt_*.h}.
 */
final class Xt {
    private static final int NAME = 1;
    private static final int REVISION = 2;
    private static final int INFO = 3;
    private static final int TYPE_MASK = 0x3fff;
    private static final int HEADER = 4;

    /** What changes or tells something, and lets the packet go on. */
    private static final Set<String> PASSING = Set.of(
            "AUDIT",
            "CHECKSUM",
            "CLASSIFY",
            "CONNMARK",
            "CONNSECMARK",
            "CT",
            "DSCP",
            "HL",
            "LOG",
            "MARK",
            "NFLOG",
            "NOTRACK",
            "RATEEST",
            "SECMARK",
            "SET",
            "TCPMSS",
            "TCPOPTSTRIP",
            "TEE",
            "TOS",
            "TRACE",
            "TTL");

    // XT_CONNTRACK_STATE and the bits of states.
    private static final int BY_STATE = 1;

    /** XT_CONNTRACK_STATE_ALIAS. */
    private static final int BY_ITS_OLD_NAME = 1 << 13;

    private static final int NEW = 8;
    private static final int CONNTRACK_FLAGS = 146;
    private static final int CONNTRACK_INVERTED = 148;
    private static final int CONNTRACK_STATES = 150;

    private static final int MULTIPORTS = 15;

    private final String name;
    private final int revision;
    private final byte[] info;

    private Xt(String name, int revision, byte[] info) {
        this.name = name;
        this.revision = revision;
        this.info = info;
    }

    /** The extension of an expression's data; null if it cannot be understood. */
    static @Nullable Xt of(byte[] data) {
        String name = null;
        int revision = 0;
        byte[] info = {};
        ByteBuffer in = ByteBuffer.wrap(data).order(ByteOrder.nativeOrder());
        for (int at = 0; at + HEADER <= data.length; ) {
            int length = Short.toUnsignedInt(in.getShort(at));
            int type = in.getShort(at + 2) & TYPE_MASK;
            if (length < HEADER || at + length > data.length) {
                return null;
            }
            byte[] value = Arrays.copyOfRange(data, at + HEADER, at + length);
            switch (type) {
                case NAME -> name = new String(value, StandardCharsets.US_ASCII).replace("\0", "");
                case REVISION ->
                    revision = value.length == 4 ? ByteBuffer.wrap(value).getInt() : 0;
                case INFO -> info = value;
                default -> {}
            }
            at += (length + 3) & -4;
        }
        return name == null ? null : new Xt(name, revision, info);
    }

    boolean isReject() {
        return name.equals("REJECT");
    }

    boolean passes() {
        return PASSING.contains(name);
    }

    /** Whether it may change the packet's mark. */
    boolean marks() {
        return name.equals("MARK") || name.equals("CONNMARK");
    }

    /** Whether a packet of no connection yet is one that it matches. */
    Truth matches(Packet packet, Bits mark) {
        try {
            return switch (name) {
                case "comment" -> Truth.YES;
                case "udp" -> packet.protocol() == Packet.UDP ? ports(packet, 8) : Truth.NO;
                case "tcp" ->
                    packet.protocol() == Packet.TCP ? ports(packet, 11).and(Truth.MAYBE.or(flags())) : Truth.NO;
                case "multiport" -> multiport(packet);
                case "conntrack" -> conntrack();
                case "state" -> Truth.of((u32(0) & NEW) != 0);
                case "mark" -> mark(mark);
                default -> Truth.MAYBE;
            };
        } catch (IndexOutOfBoundsException _) {
            return Truth.MAYBE; // another revision's structure
        }
    }

    /** Source ports are not known, and most rules say 0 to 65,535. */
    private Truth ports(Packet packet, int invertedAt) {
        int inverted = info[invertedAt];
        boolean isAnySource = u16(0) == 0 && u16(2) == 0xffff;
        Truth source = isAnySource ? Truth.of((inverted & 1) == 0) : Truth.MAYBE;
        Truth destination = Truth.of(u16(4) <= packet.port() && packet.port() <= u16(6));
        return source.and((inverted & 2) == 0 ? destination : destination.not());
    }

    /** Whether flags of TCP do not matter. */
    private Truth flags() {
        return info[8] == 0 && info[9] == 0 && info[10] == 0 ? Truth.YES : Truth.NO;
    }

    private Truth multiport(Packet packet) {
        if (revision != 1) {
            return Truth.MAYBE;
        }
        int kind = info[0];
        int count = info[1];
        if (kind != 1) {
            return Truth.MAYBE;
        }
        Truth found = Truth.NO;
        for (int i = 0; i < count; i++) {
            int first = u16(2 + 2 * i);
            boolean isRange = info[2 + 2 * MULTIPORTS + i] != 0;
            int last = isRange ? u16(2 + 2 * (i + 1)) : first;
            found = found.or(Truth.of(first <= packet.port() && packet.port() <= last));
            i += isRange ? 1 : 0;
        }
        boolean isInverted = info[2 + 3 * MULTIPORTS] != 0;
        return isInverted ? found.not() : found;
    }

    private Truth conntrack() {
        if (revision < 2 || (u16(CONNTRACK_FLAGS) & ~BY_ITS_OLD_NAME) != BY_STATE) {
            return Truth.MAYBE;
        }
        Truth isNew = Truth.of((u16(CONNTRACK_STATES) & NEW) != 0);
        return (u16(CONNTRACK_INVERTED) & BY_STATE) == 0 ? isNew : isNew.not();
    }

    private Truth mark(Bits mark) {
        byte[] wanted = Arrays.copyOfRange(info, 0, 4);
        Truth has = mark.masked(Arrays.copyOfRange(info, 4, 8), new byte[4]).is(wanted);
        return info[8] == 0 ? has : has.not();
    }

    private int u16(int at) {
        return Short.toUnsignedInt(
                ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).getShort(at));
    }

    private int u32(int at) {
        return ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).getInt(at);
    }
}
