package io.towpath.netlink.ipset;

/** Constants of {@code linux/netfilter/ipset/ip_set.h} and {@code linux/netfilter/nfnetlink.h}, named as there. */
public final class IpsetNetlink {
    public static final int NFNL_SUBSYS_IPSET = 6;

    public static final int IPSET_CMD_DESTROY = 3;
    public static final int IPSET_CMD_LIST = 7;

    public static final int IPSET_ATTR_PROTOCOL = 1;
    public static final int IPSET_ATTR_SETNAME = 2;
    public static final int IPSET_ATTR_FLAGS = 6;

    public static final int IPSET_FLAG_LIST_SETNAME = 2;
    public static final int IPSET_ERR_BUSY = 4100;
    public static final int NLA_F_NET_BYTEORDER = 0x4000;

    private IpsetNetlink() {}
}
