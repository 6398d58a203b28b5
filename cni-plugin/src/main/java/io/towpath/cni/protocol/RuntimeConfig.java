package io.towpath.cni.protocol;

import io.towpath.net.MacAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the runtime asks of this attachment through capabilities (CONVENTIONS, "Dynamic Plugin specific fields").
 * {@code ipRanges} is read by the IPAM out of the configuration's tree.
 *
 * @param ips requested addresses, each with or without a prefix length; not yet parsed
 * @param mac the requested hardware address
 * @param dns servers, searches and options; the domain is always empty
 * @param aliases further names of the container
 * @param portMappings ports of the node's that lead to the container
 * @param bandwidth how fast the attachment may be
 */
public record RuntimeConfig(
        List<String> ips,
        @Nullable MacAddress mac,
        Dns dns,
        List<String> aliases,
        List<PortMapping> portMappings,
        Bandwidth bandwidth) {
    /** Asks for nothing. */
    public static final RuntimeConfig EMPTY =
            new RuntimeConfig(List.of(), null, Dns.EMPTY, List.of(), List.of(), Bandwidth.UNLIMITED);

    public RuntimeConfig {
        ips = List.copyOf(ips);
        aliases = List.copyOf(aliases);
        portMappings = List.copyOf(portMappings);
    }
}
