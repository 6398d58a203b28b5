package io.towpath.netlink.rtnl;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import org.jspecify.annotations.Nullable;

/**
 * An address of a link.
 *
 * @param linkIndex the link
 * @param prefix the address with the length of its prefix
 * @param peer the address at the other end of a point-to-point link, null for none
 * @param scope RT_SCOPE_* of {@code linux/rtnetlink.h}
 * @param flags IFA_F_* of {@code linux/if_addr.h}
 */
public record Address(
        int linkIndex, IpPrefix prefix, @Nullable IpAddress peer, int scope, int flags) {
    /** Of IPv6: chosen at random for a while, beside one that stays. Of IPv4, the same bit is IFA_F_SECONDARY. */
    public static final int IFA_F_TEMPORARY = 0x01;

    /** No duplicate address detection (IPv6). */
    public static final int IFA_F_NODAD = 0x02;

    /** Duplicate address detection found another host that has it. */
    public static final int IFA_F_DADFAILED = 0x08;

    /** Not to be the source of new connections: its preferred lifetime is over, or never was. */
    public static final int IFA_F_DEPRECATED = 0x20;

    /** Duplicate address detection has not ended, so the address is not in use yet. */
    public static final int IFA_F_TENTATIVE = 0x40;

    /** Does not expire. */
    public static final int IFA_F_PERMANENT = 0x80;

    /** No route to the prefix comes with the address. */
    public static final int IFA_F_NOPREFIXROUTE = 0x200;

    /** A global address that brings a route to its prefix along. */
    public static Address of(int linkIndex, IpPrefix prefix) {
        return new Address(linkIndex, prefix, null, Route.RT_SCOPE_UNIVERSE, 0);
    }

    public Address withScope(int value) {
        return new Address(linkIndex, prefix, peer, value, flags);
    }

    /** With further IFA_F_*. */
    public Address withFlags(int more) {
        return new Address(linkIndex, prefix, peer, scope, flags | more);
    }

    public Address noDad() {
        return withFlags(IFA_F_NODAD);
    }

    public Address noPrefixRoute() {
        return withFlags(IFA_F_NOPREFIXROUTE);
    }

    /** One line, such as {@code "10.244.1.0/32 dev 7"}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(prefix);
        if (peer != null) {
            text.append(" peer ").append(peer);
        }
        text.append(" dev ").append(linkIndex);
        if (scope != Route.RT_SCOPE_UNIVERSE) {
            text.append(" scope ").append(Route.scopeName(scope));
        }
        if ((flags & IFA_F_NODAD) != 0) {
            text.append(" nodad");
        }
        if ((flags & IFA_F_NOPREFIXROUTE) != 0) {
            text.append(" noprefixroute");
        }
        return text.toString();
    }
}
