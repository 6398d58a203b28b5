package io.towpath.netlink.rtnl;

/** Constants of neighbours and forwarding entries, named as in {@code linux/neighbour.h}. */
public final class NeighbourTable {
    public static final int NDA_DST = 1;
    public static final int NDA_LLADDR = 2;
    public static final int NDA_PORT = 6;
    public static final int NDA_VNI = 7;
    public static final int NDA_IFINDEX = 8;
    public static final int NDA_NH_ID = 13;

    public static final int NDTA_NAME = 1;
    public static final int NDTA_PARMS = 6;
    public static final int NDTPA_IFINDEX = 1;
    public static final int NDTPA_PROXY_DELAY = 13;

    private NeighbourTable() {}
}
