package io.towpath.policy.facts;

import io.towpath.net.IpPrefix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is wrong with a rule, so that it cannot be as it is written. */
public final class Flaws {
    private static final int LAST_PORT = 0xffff;

    private Flaws() {}

    /**
     * The first flaw of a rule; null if there is none.
     *
     * @param clusterWide whether it is a ClusterNetworkPolicy's
     */
    public static @Nullable String of(List<Peer> peers, List<PortMatch> ports, boolean clusterWide) {
        for (Peer peer : peers) {
            String flaw = of(peer, clusterWide);
            if (flaw != null) {
                return flaw;
            }
        }
        for (PortMatch port : ports) {
            if (port instanceof PortMatch.Unknown(String why)) {
                return why;
            }
            if (port instanceof PortMatch.Numbered(var protocol, int first, int last)
                    && (first < 0 || last < first || last > LAST_PORT)) {
                return "port " + protocol + " " + first + " to " + last;
            }
        }
        return null;
    }

    private static @Nullable String of(Peer peer, boolean clusterWide) {
        return switch (peer) {
            case Peer.Pods(Selector namespaces, Selector pods) -> {
                if (namespaces == null && clusterWide) {
                    yield "no namespaces are selected";
                }
                String flaw = namespaces == null ? null : namespaces.flaw();
                yield flaw == null ? pods.flaw() : flaw;
            }
            case Peer.Block(IpPrefix cidr, List<IpPrefix> except) -> {
                for (IpPrefix each : except) {
                    if (!cidr.contains(each)) {
                        yield "except " + each + " is outside of " + cidr;
                    }
                }
                yield null;
            }
            case Peer.Nodes(Selector nodes) -> clusterWide ? nodes.flaw() : "a NetworkPolicy cannot select nodes";
            case Peer.Unknown(String why) -> why;
        };
    }
}
