package io.towpath.netlink.rtnl;

/** Constants of traffic control, named as in {@code linux/rtnetlink.h}, {@code linux/pkt_sched.h}, {@code linux/pkt_cls.h} and {@code linux/tc_act/tc_mirred.h}. */
public final class TrafficControl {
    public static final int RTM_NEWQDISC = 36;
    public static final int RTM_DELQDISC = 37;
    public static final int RTM_GETQDISC = 38;
    public static final int RTM_NEWTFILTER = 44;
    public static final int RTM_DELTFILTER = 45;
    public static final int RTM_GETTFILTER = 46;

    public static final int TCA_KIND = 1;
    public static final int TCA_OPTIONS = 2;

    public static final int TC_LINKLAYER_ETHERNET = 1;
    public static final int TCA_TBF_PARMS = 1;
    public static final int TCA_TBF_RATE64 = 4;
    public static final int TCA_TBF_BURST = 6;

    public static final int TCA_U32_SEL = 5;
    public static final int TCA_U32_ACT = 7;
    public static final int TC_U32_TERMINAL = 1;

    public static final int TCA_ACT_KIND = 1;
    public static final int TCA_ACT_OPTIONS = 2;
    public static final int TC_ACT_STOLEN = 4;
    public static final int TCA_MIRRED_PARMS = 2;
    public static final int TCA_EGRESS_REDIR = 1;

    private TrafficControl() {}
}
