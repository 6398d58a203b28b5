package io.towpath.agent.firewall;

import io.towpath.netlink.nft.CtKey;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NfTables;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Value;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;

/** What a rule has loaded of a packet. The kernel's registers are words of 4 bytes: 1 to 4 are four of them each, from 8 on one each. */
final class Registers {
    private static final int BYTES = 64;
    private static final int FIRST_OF_WORDS = 8;
    private static final int UNKNOWN_LENGTH = 16;
    private static final int ETHER = 1;
    private static final int IPV4_ETHERTYPE = 0x0800;
    private static final int IPV6_ETHERTYPE = 0x86dd;
    private static final int RTN_UNICAST = 1;
    private static final int RTN_LOCAL = 2;
    private static final int FIB_ADDRTYPE = 3;
    private static final int FIB_DADDR = 2;
    private static final int TCP_FLAGS = 13;
    private static final int SYN = 2;
    private static final int IPS_SRC_NAT = 0x10;

    private final Packet packet;
    private final Hook hook;
    private final Map<String, Integer> links;
    private final Bits file = Bits.unknown(BYTES);

    /** @param links the indexes of the node's interfaces by their names */
    Registers(Packet packet, Hook hook, Map<String, Integer> links) {
        this.packet = packet;
        this.hook = hook;
        this.links = links;
    }

    private static int at(int register) {
        return register < FIRST_OF_WORDS ? 16 * (register - 1) : 4 * (register - FIRST_OF_WORDS);
    }

    private void load(int register, Bits bits) {
        int at = at(register);
        if (at < 0 || at >= BYTES) {
            return;
        }
        int padded = Math.min((bits.length() + 3) & -4, BYTES - at);
        file.put(at, bits.slice(0, padded));
    }

    Bits get(int register, int length) {
        return file.slice(Math.max(0, at(register)), length);
    }

    void forget(int register) {
        load(register, Bits.unknown(UNKNOWN_LENGTH));
    }

    void load(Expression.Immediate step) {
        load(step.register(), Bits.of(step.value().bytes()));
    }

    void load(Expression.Bitwise step) {
        byte[] mask = step.mask().bytes();
        load(
                step.destination(),
                get(step.source(), mask.length).masked(mask, step.xor().bytes()));
    }

    void load(Expression.Meta step, Bits mark) {
        Bits bits = switch (step.key()) {
            case MARK -> mark;
            case IIFNAME -> name(packet.iif());
            case OIFNAME -> hasOutput() ? name(packet.oif()) : Bits.unknown(UNKNOWN_LENGTH);
            case IIF -> index(packet.iif());
            case OIF -> hasOutput() ? index(packet.oif()) : Bits.unknown(4);
            case IIFTYPE -> u16(ETHER);
            case OIFTYPE -> hasOutput() ? u16(ETHER) : Bits.unknown(2);
            case PKTTYPE -> u8(0);
            case NFPROTO -> u8((packet.ipv6() ? Family.IPV6 : Family.IPV4).number());
            case L4PROTO -> u8(packet.protocol());
            case PROTOCOL ->
                Bits.of(Value.be16(packet.ipv6() ? IPV6_ETHERTYPE : IPV4_ETHERTYPE)
                        .bytes());
            default -> Bits.unknown(UNKNOWN_LENGTH);
        };
        load(step.register(), bits);
    }

    private boolean hasOutput() {
        return !packet.oif().isEmpty() && hook != Hook.PREROUTING;
    }

    void load(Expression.Ct step) {
        // Others may have taken it out of tracking.
        Bits bits = switch (step.key()) {
            case STATE -> Bits.of(Value.u32(CtKey.NEW).bytes());
            case DIRECTION -> u8(0);
            case STATUS ->
                new Bits(
                        new byte[4],
                        Value.u32(NfTables.IPS_DST_NAT | IPS_SRC_NAT).bytes());
            default -> Bits.unknown(UNKNOWN_LENGTH);
        };
        load(step.register(), bits);
    }

    void load(Expression.Fib step) {
        boolean isOfDestination = step.result() == FIB_ADDRTYPE && (step.flags() & FIB_DADDR) != 0;
        int type = packet.hooks().contains(Hook.INPUT) ? RTN_LOCAL : RTN_UNICAST;
        load(step.register(), isOfDestination ? Bits.of(Value.u32(type).bytes()) : Bits.unknown(UNKNOWN_LENGTH));
    }

    void load(Expression.Payload step) {
        Bits header = switch (step.header()) {
            case NETWORK -> packet.ipv6() ? ipv6() : ipv4();
            case TRANSPORT -> transport();
            default -> Bits.unknown(0);
        };
        load(step.register(), header.slice(step.offset(), step.length()));
    }

    private Bits ipv4() {
        Bits header = Bits.unknown(20);
        header.put(0, u8(0x45));
        header.put(9, u8(packet.protocol()));
        header.put(12, Bits.of(packet.from()));
        header.put(16, Bits.of(packet.to()));
        return header;
    }

    private Bits ipv6() {
        Bits header = Bits.unknown(40);
        header.put(6, u8(packet.protocol()));
        header.put(8, Bits.of(packet.from()));
        header.put(24, Bits.of(packet.to()));
        return header;
    }

    private Bits transport() {
        Bits header = Bits.unknown(20);
        header.put(2, Bits.of(Value.be16(packet.port()).bytes()));
        if (packet.protocol() == Packet.TCP) {
            header.put(TCP_FLAGS, u8(SYN));
        }
        return header;
    }

    private static Bits u8(int value) {
        return Bits.of(Value.u8(value).bytes());
    }

    private static Bits u16(int value) {
        return Bits.of(ByteBuffer.allocate(2)
                .order(ByteOrder.nativeOrder())
                .putShort((short) value)
                .array());
    }

    private static Bits name(String name) {
        return Bits.of(Value.name(name).bytes());
    }

    private Bits index(String name) {
        Integer index = links.get(name);
        return index == null ? Bits.unknown(4) : Bits.of(Value.u32(index).bytes());
    }

    Truth compare(Expression.Cmp step) {
        byte[] other = step.value().bytes();
        Bits bits = get(step.register(), other.length);
        byte[] least = new byte[other.length];
        byte[] most = new byte[other.length];
        Arrays.fill(most, (byte) 0xff);
        return switch (step.operator()) {
            case EQ -> bits.is(other);
            case NEQ -> bits.is(other).not();
            case LTE -> bits.isFrom(least, other);
            case GT -> bits.isFrom(least, other).not();
            case GTE -> bits.isFrom(other, most);
            case LT -> bits.isFrom(other, most).not();
        };
    }

    Truth compare(Expression.Range step) {
        byte[] first = step.first().bytes();
        Truth inside =
                get(step.register(), first.length).isFrom(first, step.last().bytes());
        return step.negated() ? inside.not() : inside;
    }

    /** Whether an element of a set is what a register has. */
    Truth isElement(int register, NftSet set, Element element) {
        byte[] key = element.key().bytes();
        Value end = element.keyEnd();
        Bits bits = get(register, key.length);
        if (end == null) {
            return bits.is(key);
        }
        Truth inside = Truth.YES;
        int at = 0;
        for (DataType field : set.key()) {
            int length = set.key().size() == 1 ? key.length : field.length();
            inside = inside.and(bits.slice(at, length)
                    .isFrom(
                            element.key().slice(at, length).bytes(),
                            end.slice(at, length).bytes()));
            at += (length + 3) & -4;
        }
        return inside;
    }
}
