package io.towpath.netlink.nflog;

/** Constants of {@code linux/netfilter/nfnetlink_log.h}, named as there. */
public final class NfnetlinkLog {
    public static final int NFULNL_MSG_PACKET = 0;
    public static final int NFULNL_MSG_CONFIG = 1;

    public static final int NFULNL_CFG_CMD_BIND = 1;
    public static final int NFULNL_COPY_PACKET = 2;

    public static final int NFULA_CFG_CMD = 1;
    public static final int NFULA_CFG_MODE = 2;
    public static final int NFULA_CFG_TIMEOUT = 4;
    public static final int NFULA_CFG_QTHRESH = 5;

    public static final int NFULA_PACKET_HDR = 1;
    public static final int NFULA_TIMESTAMP = 3;
    public static final int NFULA_IFINDEX_INDEV = 4;
    public static final int NFULA_IFINDEX_OUTDEV = 5;
    public static final int NFULA_PAYLOAD = 9;
    public static final int NFULA_PREFIX = 10;

    private NfnetlinkLog() {}
}
