package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

/**
 * One step of a rule. Registers are the kernel's: 1 to 4 of 16 bytes, and between their beginnings 9 to 11, 13 to 15 and so on of 4
 * bytes each ({@link #register}). The text of each is that of {@code nft --debug=netlink}.
 */
public sealed interface Expression {
    /** No register. */
    int NONE = -1;

    /** The register that begins at a 32-bit word, 0 to 15. */
    static int register(int word) {
        return word % 4 == 0 ? NFT_REG_1 + word / 4 : NFT_REG32_00 + word;
    }

    /** Loads what is known of the packet. */
    record Meta(MetaKey key, int register) implements Expression {
        @Override
        public String toString() {
            return "meta load " + key + " => reg " + register;
        }
    }

    /** Sets a packet's mark or the like. */
    record MetaSet(MetaKey key, int register) implements Expression {
        @Override
        public String toString() {
            return "meta set " + key + " with reg " + register;
        }
    }

    /** Where in a packet to count from: NFT_PAYLOAD_*. */
    enum Header {
        LINK(0, "link"),
        NETWORK(1, "network"),
        TRANSPORT(2, "transport"),
        INNER(3, "inner");

        private static final Header[] VALUES = values();

        private final int number;
        private final String text;

        Header(int number, String text) {
            this.number = number;
            this.text = text;
        }

        static boolean isKnown(int number) {
            return number >= 0 && number < VALUES.length;
        }

        static Header of(int number) {
            return VALUES[number];
        }

        int number() {
            return number;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** Loads bytes of the packet. */
    record Payload(Header header, int offset, int length, int register) implements Expression {
        @Override
        public String toString() {
            return "payload load " + length + "b @ " + header + " header + " + offset + " => reg " + register;
        }
    }

    /**
     * Loads what is known of the connection.
     *
     * @param direction 0 original, 1 reply, -1 for what has none
     */
    record Ct(CtKey key, int register, int direction) implements Expression {
        @Override
        public String toString() {
            return "ct load " + key + " => reg " + register + (direction < 0 ? "" : " , dir " + dir());
        }

        private String dir() {
            return direction == 0 ? "original" : "reply";
        }
    }

    /** Sets a connection's mark. */
    record CtSet(CtKey key, int register) implements Expression {
        @Override
        public String toString() {
            return "ct set " + key + " with reg " + register;
        }
    }

    /** How to compare: NFT_CMP_*. */
    enum Operator {
        EQ(0, "eq"),
        NEQ(1, "neq"),
        LT(2, "lt"),
        LTE(3, "lte"),
        GT(4, "gt"),
        GTE(5, "gte");

        private static final Operator[] VALUES = values();

        private final int number;
        private final String text;

        Operator(int number, String text) {
            this.number = number;
            this.text = text;
        }

        static boolean isKnown(int number) {
            return number >= 0 && number < VALUES.length;
        }

        static Operator of(int number) {
            return VALUES[number];
        }

        int number() {
            return number;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** Goes on if the beginning of a register compares so. */
    record Cmp(int register, Operator operator, Value value) implements Expression {
        @Override
        public String toString() {
            return "cmp " + operator + " reg " + register + " " + value;
        }
    }

    /** {@code destination = source & mask ^ xor}. */
    record Bitwise(int source, int destination, Value mask, Value xor) implements Expression {
        @Override
        public String toString() {
            return "bitwise reg " + destination + " = ( reg " + source + " & " + mask + " ) ^ " + xor;
        }
    }

    /** Goes on if a register is, or negated is not, from first to last. */
    record Range(int register, boolean negated, Value first, Value last) implements Expression {
        @Override
        public String toString() {
            return "range " + (negated ? "neq" : "eq") + " reg " + register + " " + first + " " + last;
        }
    }

    /**
     * Goes on if a set has, or negated has not, what is in a register.
     *
     * @param destination where a map's value goes: a register, 0 for a verdict, {@link #NONE} for a set
     */
    record Lookup(String set, int source, int destination, boolean negated) implements Expression {
        @Override
        public String toString() {
            return "lookup reg " + source + " set " + set + (destination == NONE ? "" : " dreg " + destination)
                    + (negated ? " 0x1" : " 0x0");
        }
    }

    /** Loads a value. */
    record Immediate(int register, Value value) implements Expression {
        @Override
        public String toString() {
            return "immediate reg " + register + " " + value;
        }
    }

    /** Decides. */
    record Decide(Verdict verdict) implements Expression {
        @Override
        public String toString() {
            return "immediate reg 0 " + verdict;
        }
    }

    /**
     * Translates addresses, ports or both; registers that are not used are {@link #NONE}.
     *
     * @param isDestination whether the packet's destination changes, else its source
     * @param flags NF_NAT_RANGE_*
     */
    record Nat(
            boolean isDestination,
            Family family,
            int firstAddress,
            int lastAddress,
            int firstPort,
            int lastPort,
            int flags)
            implements Expression {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("nat ")
                    .append(isDestination ? "dnat " : "snat ")
                    .append(family);
            append(text, " addr_min reg ", firstAddress);
            append(text, " addr_max reg ", lastAddress);
            append(text, " proto_min reg ", firstPort);
            append(text, " proto_max reg ", lastPort);
            return text.append(flagsText(flags)).toString();
        }
    }

    /** Gives the packet the source address of the interface it leaves by. */
    record Masquerade(int firstPort, int lastPort, int flags) implements Expression {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("masq");
            append(text, " proto_min reg ", firstPort);
            append(text, " proto_max reg ", lastPort);
            return text.append(flagsText(flags)).toString();
        }
    }

    /** Sends the packet to this node itself. */
    record Redirect(int firstPort, int lastPort, int flags) implements Expression {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("redir ");
            append(text, "proto_min reg ", firstPort);
            append(text, " proto_max reg ", lastPort);
            return text.append(flagsText(flags)).toString();
        }
    }

    /**
     * Asks the routing table.
     *
     * @param result NFT_FIB_RESULT_*
     * @param flags NFTA_FIB_F_*
     */
    record Fib(int result, int flags, int register) implements Expression {
        private static final String[] FLAGS = {"saddr", "daddr", "mark", "iif", "oif"};

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder("fib ");
            for (int i = 0; i < FLAGS.length; i++) {
                if ((flags & 1 << i) != 0) {
                    text.append(text.length() > 4 ? " . " : "").append(FLAGS[i]);
                }
            }
            String what =
                    result == NFT_FIB_RESULT_OIF ? " oif" : result == NFT_FIB_RESULT_OIFNAME ? " oifname" : " type";
            String present = (flags & NFTA_FIB_F_PRESENT) == 0 ? "" : " present";
            return text.append(what)
                    .append(present)
                    .append(" => reg ")
                    .append(register)
                    .toString();
        }
    }

    record Counter(long packets, long bytes) implements Expression {
        @Override
        public String toString() {
            return "counter pkts " + packets + " bytes " + bytes;
        }
    }

    /**
     * Goes on as long as a rate is kept or, over, when it is not.
     *
     * @param rate packets, or bytes, in the time
     * @param seconds the time: 1, 60, 3600, 86,400 or 604,800
     */
    record Limit(long rate, long seconds, int burst, boolean ofBytes, boolean over) implements Expression {
        @Override
        public String toString() {
            return "limit rate " + rate + "/" + unit() + " burst " + burst + " type " + (ofBytes ? "bytes" : "packets")
                    + " flags " + (over ? "0x1" : "0x0");
        }

        private String unit() {
            return switch ((int) seconds) {
                case 1 -> "second";
                case 60 -> "minute";
                case 3600 -> "hour";
                case 86400 -> "day";
                case 604800 -> "week";
                default -> seconds + " s";
            };
        }
    }

    /**
     * Tells user space.
     *
     * @param group of nfnetlink_log, or {@link #NONE} for the kernel's log
     * @param snaplen how many bytes of the packet, 0 for all
     * @param level of the kernel's log, 0 to 7
     */
    record Log(int group, String prefix, int snaplen, int level) implements Expression {
        @Override
        public String toString() {
            String text = prefix.isEmpty() ? "log " : "log prefix " + prefix + " ";
            return group == NONE
                    ? text + "level " + level + " flags 0"
                    : text + "group " + group + " snaplen " + snaplen + " qthreshold 0";
        }
    }

    /** Tells the sender: type and code NFT_REJECT_*. */
    record Reject(int type, int code) implements Expression {
        @Override
        public String toString() {
            return "reject type " + type + " code " + code;
        }
    }

    /** Does not track the packet's connection. */
    record Notrack() implements Expression {
        @Override
        public String toString() {
            return "notrack";
        }
    }

    /** Loads a number from offset to offset + modulus - 1, each in turn or by chance. */
    record NumGen(int register, boolean random, int modulus, int offset) implements Expression {
        @Override
        public String toString() {
            return "numgen reg " + register + " = " + (random ? "random" : "inc") + " mod " + modulus
                    + (offset == 0 ? "" : " offset " + offset);
        }
    }

    /** How a packet changes a set: NFT_DYNSET_OP_*. */
    enum SetOperation {
        ADD(0, "add"),
        UPDATE(1, "update"),
        DELETE(2, "delete");

        private static final SetOperation[] VALUES = values();

        private final int number;
        private final String text;

        SetOperation(int number, String text) {
            this.number = number;
            this.text = text;
        }

        static boolean isKnown(int number) {
            return number >= 0 && number < VALUES.length;
        }

        static SetOperation of(int number) {
            return VALUES[number];
        }

        int number() {
            return number;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Changes a set by what is in registers.
     *
     * @param data the register with what to map to, {@link #NONE} for a set
     * @param timeoutMillis how long the element lives, 0 for as long as the set says
     */
    record Dynset(String set, SetOperation operation, int key, int data, long timeoutMillis) implements Expression {
        @Override
        public String toString() {
            return "dynset " + operation + " reg_key " + key + " set " + set
                    + (data == NONE ? "" : " sreg_data " + data)
                    + (timeoutMillis == 0 ? "" : " timeout " + timeoutMillis + "ms");
        }
    }

    /** Uses a named counter or quota: type NFT_OBJECT_*. */
    record ObjectRef(int type, String name) implements Expression {
        @Override
        public String toString() {
            return "objref type " + type + " name " + name;
        }
    }

    /** Goes on as long as there are so many connections at most or, over, when there are more. */
    record ConnLimit(int count, boolean over) implements Expression {
        @Override
        public String toString() {
            return "connlimit count " + count + " flags " + (over ? 1 : 0);
        }
    }

    /** Takes the connection out of the rules' way. */
    record FlowOffload(String flowtable) implements Expression {
        @Override
        public String toString() {
            return "flow add " + flowtable;
        }
    }

    /** An expression that is not known here: what others' rules have. */
    record Other(String name, Value data) implements Expression {
        @Override
        public String toString() {
            return name + " " + data;
        }
    }

    private static void append(StringBuilder text, String word, int register) {
        if (register != NONE) {
            text.append(word).append(register);
        }
    }

    private static String flagsText(int flags) {
        return flags == 0 ? "" : " flags 0x" + Integer.toHexString(flags);
    }
}
