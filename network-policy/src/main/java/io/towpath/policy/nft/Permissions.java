package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.policy.ruleset.Block;
import io.towpath.policy.ruleset.Bound;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a ruleset permits, said without the kernel. */
final class Permissions {
    private final Set<IpAddress> pods;
    private final Map<IpAddress, Bound> bounds = new HashMap<>();

    Permissions(Ruleset ruleset) {
        pods = ruleset.pods();
        for (Map.Entry<Endpoint, Bound> each : ruleset.endpoints().entrySet()) {
            bounds.put(each.getKey().address(), each.getValue());
        }
    }

    /** The addresses of this node's pods. */
    Set<IpAddress> addresses() {
        return bounds.keySet();
    }

    /** Whether a packet between two addresses may begin a connection, as far as pods of this node have a say. */
    boolean permits(IpAddress from, IpAddress to, int protocol, int port) {
        Bound sender = bounds.get(from);
        Bound receiver = bounds.get(to);
        return (sender == null || permits(sender.egress(), to, protocol, port))
                && (receiver == null || permits(receiver.ingress(), from, protocol, port));
    }

    private boolean permits(@Nullable Profile profile, IpAddress peer, int protocol, int port) {
        return profile == null || permits(outcome(profile, peer), protocol, port);
    }

    private static boolean permits(Outcome outcome, int protocol, int port) {
        return switch (outcome) {
            case Outcome.Allow _ -> true;
            case Outcome.Deny _ -> false;
            case Outcome.Ports(Program program) -> {
                for (Program.PortRange range : program.ports()) {
                    if (ProgramObjects.number(range.protocol()) == protocol
                            && range.first() <= port
                            && port <= range.last()) {
                        yield range.allowed();
                    }
                }
                yield program.restAllowed();
            }
        };
    }

    private Outcome outcome(Profile profile, IpAddress peer) {
        Outcome own = profile.addresses().get(peer);
        if (own != null) {
            return own;
        }
        Outcome all = profile.pods();
        if (all != null && pods.contains(peer)) {
            return all;
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

    /** The addresses of pods that are there no more, or that may do less than they might. */
    Set<IpAddress> narrowedTo(Permissions after) {
        Set<IpAddress> narrowed = new HashSet<>();
        bounds.forEach((address, bound) -> {
            Bound now = after.bounds.get(address);
            if (now == null
                    || isLess(bound.ingress(), after, now.ingress())
                    || isLess(bound.egress(), after, now.egress())) {
                narrowed.add(address);
            }
        });
        return narrowed;
    }

    private boolean isLess(@Nullable Profile before, Permissions after, @Nullable Profile now) {
        if (now == null || (now.equals(before) && (now.pods() == null || after.pods.containsAll(pods)))) {
            return false;
        }
        if (before == null
                || !before.blocks().equals(now.blocks())
                || isLess(before.rest(), now.rest())
                || (before.pods() != null && (!before.pods().equals(now.pods()) || !after.pods.containsAll(pods)))
                || (before.pods() == null && now.pods() != null && isLess(Outcome.ALLOW, now.pods()))) {
            return true;
        }
        return isLessFor(before.addresses(), before, after, now) || isLessFor(now.addresses(), before, after, now);
    }

    private boolean isLessFor(Map<IpAddress, Outcome> peers, Profile before, Permissions after, Profile now) {
        for (IpAddress peer : peers.keySet()) {
            Outcome had = before.addresses().get(peer);
            Outcome has = now.addresses().get(peer);
            if ((had == null || !had.equals(has)) && isLess(outcome(before, peer), after.outcome(now, peer))) {
                return true;
            }
        }
        return false;
    }

    /** Whether something that was permitted may be no more: of port programs that differ, it is taken for granted. */
    private static boolean isLess(Outcome before, Outcome now) {
        return !before.equals(now) && !(before instanceof Outcome.Deny) && !(now instanceof Outcome.Allow);
    }
}
