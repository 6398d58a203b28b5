package io.towpath.policy.facts;

import java.util.List;

/**
 * What a NetworkPolicy allows.
 *
 * @param peers with any of these; with anybody if there are none
 * @param ports to any of these; if there are none to all, also of other protocols
 */
public record RuleFact(List<Peer> peers, List<PortMatch> ports) {
    public RuleFact {
        peers = List.copyOf(peers);
        ports = List.copyOf(ports);
    }
}
