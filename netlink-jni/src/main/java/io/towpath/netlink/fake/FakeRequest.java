package io.towpath.netlink.fake;

/**
 * A request that a fake kernel was sent.
 *
 * @param namespace the name of the namespace whose session sent it
 * @param type RTM_*
 * @param isWrite whether it asks for a change
 * @param text as {@link io.towpath.netlink.rtnl.Batch#toString} puts it: {@code "route add 10.244.1.5/32 dev 3 scope link"}
 */
public record FakeRequest(String namespace, int type, boolean isWrite, String text) {}
