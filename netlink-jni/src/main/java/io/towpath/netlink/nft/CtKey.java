package io.towpath.netlink.nft;

/** What is known of a packet's connection: NFT_CT_*. */
public enum CtKey {
    STATE(0, "state"),
    DIRECTION(1, "direction"),
    STATUS(2, "status"),
    MARK(3, "mark"),
    SECMARK(4, "secmark"),
    EXPIRATION(5, "expiration"),
    HELPER(6, "helper"),
    L3PROTOCOL(7, "l3protocol"),
    SRC(8, "src"),
    DST(9, "dst"),
    PROTOCOL(10, "protocol"),
    PROTO_SRC(11, "proto_src"),
    PROTO_DST(12, "proto_dst"),
    LABELS(13, "labels"),
    PKTS(14, "packets"),
    BYTES(15, "bytes"),
    AVGPKT(16, "avgpkt"),
    ZONE(17, "zone"),
    EVENTMASK(18, "event"),
    SRC_IP(19, "src_ip"),
    DST_IP(20, "dst_ip"),
    SRC_IP6(21, "src_ip6"),
    DST_IP6(22, "dst_ip6"),
    ID(23, "id");

    /** Bits of the state. */
    public static final int INVALID = 1;

    public static final int ESTABLISHED = 2;
    public static final int RELATED = 4;
    public static final int NEW = 8;
    public static final int UNTRACKED = 64;

    private static final CtKey[] VALUES = values();

    private final int number;
    private final String text;

    CtKey(int number, String text) {
        this.number = number;
        this.text = text;
    }

    static boolean isKnown(int number) {
        return number >= 0 && number < VALUES.length;
    }

    static CtKey of(int number) {
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
