package io.towpath.cni.ports;

import io.towpath.cni.protocol.PortMapping;
import io.towpath.net.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * A port of the node's, of one family.
 *
 * @param ipv6 the family
 * @param address the node's address, null for all of the family
 * @param protocol what it is a port of
 * @param port 1 to 65535
 */
record HostPort(boolean ipv6, @Nullable IpAddress address, PortMapping.Protocol protocol, int port) {
    /** Whether a packet could be for both. */
    boolean overlaps(HostPort other) {
        return ipv6 == other.ipv6
                && protocol == other.protocol
                && port == other.port
                && (address == null || other.address == null || address.equals(other.address));
    }

    /** The same port of all addresses of the family. */
    HostPort ofAllAddresses() {
        return address == null ? this : new HostPort(ipv6, null, protocol, port);
    }

    /** As in {@code "tcp 0.0.0.0:8080"}. */
    @Override
    public String toString() {
        String any = ipv6 ? "::" : "0.0.0.0";
        String host = address == null ? any : address.toString();
        return protocol + " " + (ipv6 ? "[" + host + "]" : host) + ":" + port;
    }
}
