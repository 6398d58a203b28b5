package io.towpath.policy.oracle;

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
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a ruleset does with a packet: the way that the kernel takes, lookup by lookup. */
public final class Interpreter {
    private final Ruleset ruleset;

    public Interpreter(Ruleset ruleset) {
        this.ruleset = ruleset;
    }

    /** Whether a packet passes all endpoints of this node that it comes from or goes to. */
    public boolean allows(Packet packet) {
        for (Map.Entry<Endpoint, Bound> entry : ruleset.endpoints().entrySet()) {
            IpAddress address = entry.getKey().address();
            if ((address.equals(packet.from()) && !allows(entry.getValue().egress(), packet))
                    || (address.equals(packet.to()) && !allows(entry.getValue().ingress(), packet))) {
                return false;
            }
        }
        return true;
    }

    /** Whether a packet passes an endpoint of this node; one that is not known lets nothing pass. */
    public boolean allows(Endpoint endpoint, Direction direction, Packet packet) {
        Bound bound = ruleset.endpoints().get(endpoint);
        return bound != null && allows(direction == Direction.INGRESS ? bound.ingress() : bound.egress(), packet);
    }

    private boolean allows(@Nullable Profile profile, Packet packet) {
        if (profile == null) {
            return true;
        }
        IpAddress peer = profile.direction() == Direction.INGRESS ? packet.from() : packet.to();
        return switch (outcome(profile, peer)) {
            case Outcome.Allow _ -> true;
            case Outcome.Deny _ -> false;
            case Outcome.Ports(Program program) -> allows(program, packet.protocol(), packet.port());
        };
    }

    private Outcome outcome(Profile profile, IpAddress peer) {
        Outcome exact = profile.addresses().get(peer);
        if (exact != null) {
            return exact;
        }
        Outcome pods = profile.pods();
        if (pods != null && ruleset.pods().contains(peer)) {
            return pods;
        }
        for (Block block : profile.blocks()) {
            if (block.first().ipv6() == peer.ipv6()
                    && block.first().compareTo(peer) <= 0
                    && peer.compareTo(block.last()) <= 0) {
                return block.outcome();
            }
        }
        return profile.rest();
    }

    private static boolean allows(Program program, @Nullable Protocol protocol, int port) {
        for (Program.PortRange range : program.ports()) {
            if (range.protocol() == protocol && range.first() <= port && port <= range.last()) {
                return range.allowed();
            }
        }
        return program.restAllowed();
    }
}
