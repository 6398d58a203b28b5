package io.towpath.policy.nft;

import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Value;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;

/** A way of packets on which the policies of a pod of this node are asked, and by what its chain finds the pod. */
enum Way {
    /** From a pod's interface: by that and the source. */
    FROM_POD(Direction.EGRESS, "from-pod", "shared-out", "endpoints", true),

    /** From a pod by the node's own output, where the interface that it came by is known no more: by the source alone. */
    BY_OUTPUT(Direction.EGRESS, "output-from", "shared-output", "addresses", false),

    /** To a pod's interface: by that and the destination. */
    TO_POD(Direction.INGRESS, "to-pod", "shared-in", "endpoints", true);

    private final Direction direction;
    private final String chain;
    private final String shared;
    private final String pods;
    private final boolean byLink;

    Way(Direction direction, String chain, String shared, String pods, boolean byLink) {
        this.direction = direction;
        this.chain = chain;
        this.shared = shared;
        this.pods = pods;
        this.byLink = byLink;
    }

    /** Seen from the pod. */
    Direction direction() {
        return direction;
    }

    /** The name of the chain, and of the maps in which it finds pods. */
    String chain() {
        return chain;
    }

    /** The name of the chain that leads to profiles which many pods share. */
    String shared() {
        return shared;
    }

    /** The name of the set of the pods that share a profile. */
    String pods(String profile) {
        return profile + "-" + pods;
    }

    /** What a packet is looked up by. */
    Field[] fields(boolean ipv6) {
        Field address = TableLayout.pod(direction, ipv6);
        Field link = direction == Direction.INGRESS ? Field.OIFNAME : Field.IIFNAME;
        return byLink ? new Field[] {link, address} : new Field[] {address};
    }

    /** The types of these. */
    DataType[] types(boolean ipv6) {
        DataType address = TableLayout.address(ipv6);
        return byLink ? new DataType[] {DataType.IFNAME, address} : new DataType[] {address};
    }

    /** What a pod is found by. */
    Value key(Endpoint endpoint) {
        return byLink ? TableLayout.key(endpoint) : Value.of(endpoint.address());
    }
}
