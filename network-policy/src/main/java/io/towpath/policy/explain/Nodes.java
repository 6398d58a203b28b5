package io.towpath.policy.explain;

import io.towpath.net.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The nodes, as their packets show them.
 *
 * @param all those of the overlay
 * @param hidesPods whether what a pod sends to another node comes from its own node's address there
 */
public record Nodes(List<Node> all, boolean hidesPods) {
    /** None is known. */
    public static final Nodes NONE = new Nodes(List.of(), false);

    public Nodes {
        all = List.copyOf(all);
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
