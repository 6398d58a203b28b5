package io.towpath.netlink.nft;

/** What is known of a packet beside its bytes: NFT_META_*. */
public enum MetaKey {
    LEN(0, "len"),
    PROTOCOL(1, "protocol"),
    PRIORITY(2, "priority"),
    MARK(3, "mark"),
    IIF(4, "iif"),
    OIF(5, "oif"),
    IIFNAME(6, "iifname"),
    OIFNAME(7, "oifname"),
    IIFTYPE(8, "iiftype"),
    OIFTYPE(9, "oiftype"),
    SKUID(10, "skuid"),
    SKGID(11, "skgid"),
    NFTRACE(12, "nftrace"),
    RTCLASSID(13, "rtclassid"),
    SECMARK(14, "secmark"),
    NFPROTO(15, "nfproto"),
    L4PROTO(16, "l4proto"),
    BRI_IIFNAME(17, "bri_iifname"),
    BRI_OIFNAME(18, "bri_oifname"),
    PKTTYPE(19, "pkttype"),
    CPU(20, "cpu"),
    IIFGROUP(21, "iifgroup"),
    OIFGROUP(22, "oifgroup"),
    CGROUP(23, "cgroup");

    private static final MetaKey[] VALUES = values();

    private final int number;
    private final String text;

    MetaKey(int number, String text) {
        this.number = number;
        this.text = text;
    }

    static boolean isKnown(int number) {
        return number >= 0 && number < VALUES.length;
    }

    static MetaKey of(int number) {
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
