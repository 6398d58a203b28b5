package io.towpath.netlink.nft;

/** Where on a packet's way a base chain is. */
public enum Hook {
    PREROUTING(0),
    INPUT(1),
    FORWARD(2),
    OUTPUT(3),
    POSTROUTING(4),
    /** Into a device; in family netdev number 0. */
    INGRESS(5),
    /** Out of a device, in family netdev only. */
    EGRESS(1);

    private static final Hook[] VALUES = values();

    private final int number;

    Hook(int number) {
        this.number = number;
    }

    int number(Family family) {
        return family == Family.NETDEV && this == INGRESS ? 0 : number;
    }

    /** The hook of a number: NF_INET_* of {@code linux/netfilter.h}, or NF_NETDEV_*. */
    public static Hook of(Family family, int number) {
        if (family == Family.NETDEV) {
            return number == 0 ? INGRESS : EGRESS;
        }
        return number >= 0 && number <= INGRESS.number ? VALUES[number] : INGRESS;
    }

    /** As {@code nft} writes it. */
    @Override
    public String toString() {
        return switch (this) {
            case PREROUTING -> "prerouting";
            case INPUT -> "input";
            case FORWARD -> "forward";
            case OUTPUT -> "output";
            case POSTROUTING -> "postrouting";
            case INGRESS -> "ingress";
            case EGRESS -> "egress";
        };
    }
}
