package io.towpath.cni.ports;

import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Value;
import org.jspecify.annotations.Nullable;

/**
 * An element of one of the table's sets and maps. Its comment says whose it is.
 *
 * @param set where it is: one of {@link HostPortTable#SETS}
 */
record Entry(NftSet set, Element element) {
    /** What a part of a concatenation takes at least, in bytes. */
    private static final int PART = 4;

    private static final int PORT_LENGTH = 2;

    static Entry of(Forward forward, OwnerMark mark) {
        HostPort from = forward.from();
        IpAddress address = from.address();
        Value protocol = Value.u8(from.protocol().number());
        Value port = Value.be16(from.port());
        Value key = address == null ? Value.concat(protocol, port) : Value.concat(protocol, Value.of(address), port);
        Value to = Value.concat(Value.of(forward.pod()), Value.be16(forward.port()));
        return new Entry(
                HostPortTable.map(from.ipv6(), address != null),
                Element.of(key).to(to).withComment(mark.alias()));
    }

    /** What a pod sends to itself by the node's port. */
    static Entry hairpin(IpAddress pod, OwnerMark mark) {
        Value twice = Value.concat(Value.of(pod), Value.of(pod));
        return new Entry(HostPortTable.hairpin(pod.ipv6()), Element.of(twice).withComment(mark.alias()));
    }

    OwnerMark owner() {
        return new OwnerMark(element.comment());
    }

    /** Where which of the node's ports leads, null if it tells of none or of none of ours. */
    @Nullable
    Forward forward() {
        Value data = element.data();
        if (data == null) {
            return null;
        }
        Value key = element.key();
        int portAt = key.length() - PART;
        int addressLength = data.length() - PART;
        PortMapping.Protocol protocol = PortMapping.Protocol.of(key.bytes()[0] & 0xff);
        if (protocol == null) {
            return null;
        }
        IpAddress address = portAt == PART ? null : address(key, PART, portAt - PART);
        HostPort from = new HostPort(addressLength != PART, address, protocol, port(key, portAt));
        return new Forward(from, address(data, 0, addressLength), port(data, addressLength));
    }

    private static IpAddress address(Value value, int at, int length) {
        return IpAddress.of(value.slice(at, length).bytes());
    }

    private static int port(Value value, int at) {
        byte[] bytes = value.slice(at, PORT_LENGTH).bytes();
        return (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    }

    /** Whether one of them keeps the other from being what it says. */
    boolean isInTheWayOf(Entry other) {
        if (set.equals(other.set) && element.key().equals(other.element.key())) {
            return true;
        }
        Forward own = forward();
        Forward others = other.forward();
        return own != null && others != null && own.from().overlaps(others.from());
    }

    @Override
    public String toString() {
        Forward forward = forward();
        return forward == null ? set.name() + " { " + element + " }" : forward.toString();
    }
}
