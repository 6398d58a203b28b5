package io.towpath.agent.policy.denial;

import io.towpath.netlink.nflog.PacketHeader;

/** Says where a packet wanted to, as {@code policy explain} takes it where it can. */
final class PortText {
    private PortText() {}

    static String of(PacketHeader packet) {
        String protocol = switch (packet.protocol()) {
            case 1 -> "icmp";
            case 6 -> "tcp";
            case 17 -> "udp";
            case 58 -> "icmpv6";
            case 132 -> "sctp";
            default -> "protocol " + packet.protocol();
        };
        if (packet.destinationPort() != PacketHeader.NONE) {
            return packet.destinationPort() + "/" + protocol;
        }
        return packet.icmpType() == PacketHeader.NONE
                ? protocol
                : protocol + " type " + packet.icmpType() + " code " + packet.icmpCode();
    }
}
