package io.towpath.netlink.rtnl;

import static io.towpath.netlink.rtnl.Rtnetlink.*;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Nl;
import io.towpath.netlink.Requests;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Requests on addresses and RTM_NEWADDR. */
public final class AddressCodec {
    /** Length of struct ifaddrmsg. */
    static final int HEADER_LENGTH = 8;

    private AddressCodec() {}

    static void write(Requests requests, int type, int flags, String verb, Address address) {
        MessageWriter out = requests.add(type, flags, verb, address);
        writeBody(out, address);
        out.end();
    }

    /** Writes a message without its netlink header. */
    public static void writeBody(MessageWriter out, Address address) {
        IpAddress local = address.prefix().address();
        header(out, family(local), address.prefix().length(), address.scope(), address.linkIndex())
                .address(IFA_LOCAL, local)
                .address(IFA_ADDRESS, address.peer() == null ? local : address.peer());
        if (address.flags() != 0) {
            out.u32(IFA_FLAGS, address.flags());
        }
    }

    /** @param linkIndex the link whose addresses to list, 0 for all */
    static void list(Requests requests, int linkIndex) {
        MessageWriter out = requests.add(RTM_GETADDR, Nl.NLM_F_DUMP, "address list", on(linkIndex));
        header(out, AF_UNSPEC, 0, 0, linkIndex).end();
    }

    /** struct ifaddrmsg. */
    private static MessageWriter header(MessageWriter out, int family, int length, int scope, int linkIndex) {
        return out.u8(family).u8(length).u8(0).u8(scope).u32(linkIndex);
    }

    /** The address, null if the message is of another type or family. */
    public static @Nullable Address read(int type, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        int at = payload.position();
        int family = payload.get(at) & 0xff;
        if (type != RTM_NEWADDR || (family != AF_INET && family != AF_INET6)) {
            return null;
        }
        int length = payload.get(at + 1) & 0xff;
        int flags = payload.get(at + 2) & 0xff;
        int scope = payload.get(at + 3) & 0xff;
        int linkIndex = payload.getInt(at + 4);
        IpAddress local = null;
        IpAddress address = null;
        while (in.next()) {
            switch (in.type()) {
                case IFA_LOCAL -> local = in.address();
                case IFA_ADDRESS -> address = in.address();
                case IFA_FLAGS -> flags = in.u32();
                default -> {}
            }
        }
        // IPv6 has IFA_LOCAL only beside a peer.
        IpAddress own = local != null ? local : address;
        if (own == null) {
            throw AttributeReader.malformed("an address message without address");
        }
        IpAddress peer = address == null || address.equals(own) ? null : address;
        return new Address(linkIndex, prefix(own, length), peer, scope, flags);
    }

    static int family(IpAddress address) {
        return address.ipv6() ? AF_INET6 : AF_INET;
    }

    static IpPrefix prefix(IpAddress address, int length) throws NetlinkException {
        if (length > address.bits()) {
            throw AttributeReader.malformed("prefix length " + length + " of " + address);
        }
        return new IpPrefix(address, length);
    }

    static String on(int linkIndex) {
        return linkIndex == 0 ? "all" : "dev " + linkIndex;
    }
}
