package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The nodes, as their packets show them.
 *
 * @param all those of the overlay
 * @param hidesPods whether what a pod sends to another node comes from its own node's address there
 * @param self the name of this node, empty if that is not known
 * @param gateways the addresses that each pod knows its own node by
 */
public record Nodes(List<Node> all, boolean hidesPods, String self, List<IpAddress> gateways) {
    /** None is known. */
    public static final Nodes NONE = new Nodes(List.of(), false, "", List.of());

    public Nodes {
        all = List.copyOf(all);
        gateways = List.copyOf(gateways);
    }

    /** The same, with all addresses that this node has. */
    public Nodes withOwn(List<IpAddress> addresses) {
        return new Nodes(
                all.stream()
                        .map(node -> node.name().equals(self) ? node.with(addresses) : node)
                        .toList(),
                hidesPods,
                self,
                gateways);
    }

    /**
     * A node.
     *
     * @param addresses by which others reach it, the underlay's first
     * @param overlay its addresses in the overlay, at most one of each family
     * @param direct those of the addresses by which its pods are reached without the tunnel, by nodes that have such themselves
     */
    public record Node(String name, List<IpAddress> addresses, List<IpAddress> overlay, List<IpAddress> direct) {
        public Node {
            direct = List.copyOf(direct);
            addresses = List.copyOf(addresses);
            overlay = List.copyOf(overlay);
        }

        private Node with(List<IpAddress> others) {
            List<IpAddress> more = new ArrayList<>(addresses);
            others.stream()
                    .filter(each -> !more.contains(each) && !overlay.contains(each))
                    .forEach(more::add);
            return new Node(name, more, overlay, direct);
        }

        /** From where it sends to the pods of another, null if from no other address than usual. */
        @Nullable
        IpAddress source(Node other, boolean ipv6) {
            boolean isDirect = ofFamily(direct, ipv6) != null && ofFamily(other.direct, ipv6) != null;
            return isDirect ? null : ofFamily(overlay, ipv6);
        }

        /** By which others reach it, null if it has none of that family. */
        @Nullable
        IpAddress address(boolean ipv6) {
            return ofFamily(addresses, ipv6);
        }

        private static @Nullable IpAddress ofFamily(List<IpAddress> addresses, boolean ipv6) {
            return addresses.stream()
                    .filter(each -> each.ipv6() == ipv6)
                    .findFirst()
                    .orElse(null);
        }
    }
}
