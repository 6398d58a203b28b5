package io.towpath.policy.ruleset;

import io.towpath.policy.facts.Protocol;
import java.util.List;

/**
 * What becomes of packets by their protocol and destination port.
 *
 * @param name tells it from programs that differ in anything
 * @param ports none of which overlap
 * @param restAllowed what becomes of all others
 */
public record Program(String name, List<PortRange> ports, boolean restAllowed) {
    public Program {
        ports = List.copyOf(ports);
    }

    /** Ports of a protocol, 0 to 65,535, both ends included. */
    public record PortRange(Protocol protocol, int first, int last, boolean allowed) {}

    /** There may be ten thousand, most often the same objects: they are not compared port by port then. */
    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof Program program
                        && name.equals(program.name)
                        && restAllowed == program.restAllowed
                        && ports.equals(program.ports));
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }
}
