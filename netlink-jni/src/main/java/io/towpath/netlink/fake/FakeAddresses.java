package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;
import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.AddressCodec;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Route;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The addresses of a fake namespace and the routes that come with them: net/ipv4/devinet.c, net/ipv6/addrconf.c. */
final class FakeAddresses {
    private static final int LINK_LOCAL_LENGTH = 64;

    private final FakeNamespace namespace;
    private final List<Address> addresses = new ArrayList<>();

    FakeAddresses(FakeNamespace namespace) {
        this.namespace = namespace;
    }

    FakeOperation list(int linkIndex) {
        return FakeOperation.read("address list " + (linkIndex == 0 ? "all" : "dev " + linkIndex), () -> {
            if (linkIndex != 0) {
                namespace.links().get(linkIndex, null);
            }
            List<Address> listed = addresses.stream()
                    .filter(address -> linkIndex == 0 || address.linkIndex() == linkIndex)
                    .toList();
            return FakeOperation.messages(RTM_NEWADDR, listed, AddressCodec::writeBody);
        });
    }

    boolean isLocal(IpAddress address) {
        return addresses.stream().anyMatch(known -> known.prefix().address().equals(address));
    }

    void add(Address address, int flags) throws FakeRefusal {
        FakeLink link = namespace.links().get(address.linkIndex(), null);
        Address old = find(address);
        if (old != null && (flags & NLM_F_REPLACE) == 0) {
            boolean ipv6 = address.prefix().address().ipv6();
            throw new FakeRefusal(Errno.EEXIST, ipv6 ? "address already assigned" : "Address already assigned");
        }
        Address added = address.withFlags(Address.IFA_F_PERMANENT);
        if (old != null) {
            namespace.routes().removeOf(old);
            addresses.set(addresses.indexOf(old), added);
        } else {
            addresses.add(added);
        }
        namespace.routes().addOf(added, link.isUp());
    }

    void delete(Address address) throws FakeRefusal {
        namespace.links().get(address.linkIndex(), null);
        Address old = find(address);
        if (old == null) {
            throw new FakeRefusal(Errno.EADDRNOTAVAIL, "Address not found");
        }
        addresses.remove(old);
        namespace.routes().removeOf(old);
    }

    /** IPv4 knows an address by its prefix too, IPv6 by itself. */
    private @Nullable Address find(Address wanted) {
        IpPrefix prefix = wanted.prefix();
        for (Address address : addresses) {
            boolean same = prefix.address().ipv6()
                    ? address.prefix().address().equals(prefix.address())
                    : address.prefix().equals(prefix);
            if (same && address.linkIndex() == wanted.linkIndex()) {
                return address;
            }
        }
        return null;
    }

    void linkIsUp(FakeLink link) {
        if (link.isLoopback()) {
            addOwn(Address.of(link.index(), IpPrefix.parse("127.0.0.1/8")).withScope(Route.RT_SCOPE_HOST));
            addOwn(Address.of(link.index(), IpPrefix.parse("::1/128")).withScope(Route.RT_SCOPE_HOST));
        }
        for (Address address : addresses) {
            if (address.linkIndex() == link.index()) {
                namespace.routes().removeOf(address);
                namespace.routes().addOf(address, true);
            }
        }
        linkIsRunning(link);
    }

    /** Both ends of a pair are up: the link-local address comes. */
    void linkIsRunning(FakeLink link) {
        if (!link.isLoopback() && link.isRunning() && link.addrGenMode() == LinkChange.IN6_ADDR_GEN_MODE_EUI64) {
            IpPrefix prefix = new IpPrefix(linkLocal(link.mac().value()), LINK_LOCAL_LENGTH);
            addOwn(Address.of(link.index(), prefix).withScope(Route.RT_SCOPE_LINK));
        }
    }

    private void addOwn(Address address) {
        if (find(address) == null) {
            Address own = address.withFlags(Address.IFA_F_PERMANENT);
            addresses.add(own);
            namespace.routes().addOf(own, true);
        }
    }

    /** RFC 4291 appendix A: the interface identifier is the hardware address with ff:fe in its middle. */
    private static IpAddress linkLocal(long mac) {
        long upper = (mac >>> 24) ^ 0x02_0000L;
        return new IpAddress(true, 0xfe80L << 48, upper << 40 | 0xfffeL << 24 | (mac & 0xff_ffffL));
    }

    /** IPv4's addresses stay on a link that is down, IPv6's do not. */
    void linkIsDown(int linkIndex) {
        addresses.removeIf(address ->
                address.linkIndex() == linkIndex && address.prefix().address().ipv6());
    }

    void linkIsGone(int linkIndex) {
        addresses.removeIf(address -> address.linkIndex() == linkIndex);
    }
}
