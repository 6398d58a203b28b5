package io.towpath.policy.oracle;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * The first packet of a connection.
 *
 * @param protocol null for one without ports
 * @param port the destination's
 */
public record Packet(IpAddress from, IpAddress to, @Nullable Protocol protocol, int port) {
    @Override
    public String toString() {
        return from + " -> " + to + " " + (protocol == null ? "icmp" : protocol + " " + port);
    }
}
