package io.towpath.netlink.nft;

/**
 * What a key or a value of a set is, by the numbers of {@code nft}; the kernel only keeps them, so that {@code nft list} shows
 * addresses as addresses.
 *
 * @param number what {@code nft} calls it by, below 64
 * @param length in bytes
 * @param isNetworkOrder whether its bytes are in network order
 */
public record DataType(int number, String name, int length, boolean isNetworkOrder) {
    /** What a verdict map maps to. */
    public static final DataType VERDICT = new DataType(1, "verdict", 0, false);

    public static final DataType NFPROTO = new DataType(2, "nf_proto", 1, false);
    public static final DataType IPV4 = new DataType(7, "ipv4_addr", 4, true);
    public static final DataType IPV6 = new DataType(8, "ipv6_addr", 16, true);
    public static final DataType MAC = new DataType(9, "ether_addr", 6, true);
    /** A protocol above IP, such as TCP. */
    public static final DataType PROTOCOL = new DataType(12, "inet_proto", 1, true);
    /** A port. */
    public static final DataType PORT = new DataType(13, "inet_service", 2, true);

    public static final DataType MARK = new DataType(19, "mark", 4, false);
    /** An interface's name. */
    public static final DataType IFNAME = new DataType(41, "ifname", Value.NAME_LENGTH, false);

    private static final DataType[] KNOWN = {VERDICT, NFPROTO, IPV4, IPV6, MAC, PROTOCOL, PORT, MARK, IFNAME};

    /** The type of a number; one that is not known here gets the length. */
    static DataType of(int number, int length) {
        for (DataType type : KNOWN) {
            if (type.number == number) {
                return type;
            }
        }
        return new DataType(number, "type " + number, length, false);
    }

    @Override
    public String toString() {
        return name;
    }
}
