package io.towpath.netlink.conntrack;

import io.towpath.net.IpAddress;

/**
 * One direction of a connection.
 *
 * @param protocol the number of the protocol above IP
 * @param sourcePort of ICMP the identifier, 0 for other protocols without ports
 * @param destinationPort of ICMP the type in the upper and the code in the lower byte, 0 for other protocols without ports
 */
public record Flow(IpAddress source, IpAddress destination, int protocol, int sourcePort, int destinationPort) {
    @Override
    public String toString() {
        return "proto " + protocol + " src " + source + " dst " + destination + " sport " + sourcePort + " dport "
                + destinationPort;
    }
}
