package io.towpath.policy.facts;

import io.towpath.net.IpPrefix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whom a rule is about. */
public sealed interface Peer {
    /**
     * Pods with a network of their own.
     *
     * @param namespaces those of namespaces; null for the policy's own
     */
    record Pods(@Nullable Selector namespaces, Selector pods) implements Peer {}

    /** Addresses of a CIDR, without some of it. */
    record Block(IpPrefix cidr, List<IpPrefix> except) implements Peer {
        public Block {
            except = List.copyOf(except);
        }
    }

    /** Nodes, by all of their addresses; only of ClusterNetworkPolicy's egress. */
    record Nodes(Selector nodes) implements Peer {}

    /**
     * What cannot be understood: text that is no CIDR, no field that is known, domain names.
     *
     * @param why for whoever wrote the policy
     */
    record Unknown(String why) implements Peer {}
}
