package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** A ruleset whose table has everything that a table may have, for a trial of the kernel. */
final class Sample {
    private static final String LINK = "cali00000000000";
    private static final int MANY_PORTS = 20;
    private static final int MANY_PEERS = 70;

    private Sample() {}

    static Ruleset ruleset() {
        Outcome ports = new Outcome.Ports(new Program("sample", ports(), false));
        Map<IpAddress, Outcome> addresses = new HashMap<>();
        for (int i = 1; i <= MANY_PEERS; i++) {
            addresses.put(IpAddress.parse("192.0.2." + i), ports);
            addresses.put(IpAddress.parse("2001:db8::" + i), ports);
        }
        addresses.put(IpAddress.parse("192.0.2.200"), Outcome.ALLOW);
        addresses.put(IpAddress.parse("2001:db8::200"), Outcome.ALLOW);
        List<Block> blocks = List.of(
                new Block(IpAddress.parse("198.51.100.0"), IpAddress.parse("198.51.100.9"), ports),
                new Block(IpAddress.parse("2001:db8:1::"), IpAddress.parse("2001:db8:1::9"), ports));
        Bound bound = new Bound(
                new Profile("sample-in", Direction.INGRESS, addresses, ports, blocks, Outcome.DENY),
                new Profile("sample-out", Direction.EGRESS, addresses, ports, blocks, Outcome.DENY));
        SortedMap<Endpoint, Bound> endpoints = new TreeMap<>();
        endpoints.put(new Endpoint(LINK, IpAddress.parse("203.0.113.1")), bound);
        endpoints.put(new Endpoint(LINK, IpAddress.parse("2001:db8:2::1")), bound);
        return new Ruleset(endpoints, Set.of(IpAddress.parse("203.0.113.2"), IpAddress.parse("2001:db8:2::2")));
    }

    /** So many that they have a map, ranges and a whole protocol among them. */
    private static List<Program.PortRange> ports() {
        List<Program.PortRange> ports = new ArrayList<>();
        ports.add(new Program.PortRange(Protocol.SCTP, 0, 65_535, true));
        ports.add(new Program.PortRange(Protocol.UDP, 8_000, 8_100, true));
        for (int i = 0; i < MANY_PORTS; i++) {
            ports.add(new Program.PortRange(Protocol.TCP, 1 + 2 * i, 1 + 2 * i, true));
        }
        return ports;
    }
}
