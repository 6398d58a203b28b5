package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

/** Which packets a table sees. */
public enum Family {
    /** IPv4 and IPv6. */
    INET(NFPROTO_INET, "inet"),
    IPV4(NFPROTO_IPV4, "ip"),
    IPV6(NFPROTO_IPV6, "ip6"),
    ARP(NFPROTO_ARP, "arp"),
    BRIDGE(NFPROTO_BRIDGE, "bridge"),
    /** Everything on its way into or out of a device. */
    NETDEV(NFPROTO_NETDEV, "netdev"),
    /** One that is not known here. */
    OTHER(0, "unspec");

    private static final Family[] VALUES = values();

    private final int number;
    private final String text;

    Family(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** NFPROTO_* of {@code linux/netfilter.h}. */
    public int number() {
        return number;
    }

    static Family of(int number) {
        for (Family family : VALUES) {
            if (family.number == number) {
                return family;
            }
        }
        return OTHER;
    }

    /** As {@code nft} writes it. */
    @Override
    public String toString() {
        return text;
    }
}
