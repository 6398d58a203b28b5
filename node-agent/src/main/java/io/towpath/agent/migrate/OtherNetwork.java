package io.towpath.agent.migrate;

import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.xtables.XRule;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Another network's agents, and the names by which what they make is told from all else: chains, comments of rules, tables, sets, links,
 * CNI plugins. A Service's or a pod's name, which rules of kube-proxy bear in comments, is none of them.
 */
public enum OtherNetwork {
    /** flannel's overlay with Calico's links and policies. */
    CANAL,
    FLANNEL,
    /** Its rules, sets and links, in every mode. Services of mode ipvs are not removed, as those of others cannot be told from them. */
    KUBE_PROXY;

    /** What names are, or begin with. */
    private record Names(
            List<String> chains,
            List<String> comments,
            Set<String> tables,
            List<String> sets,
            Map<String, String> links,
            Set<String> plugins) {
        private static final Names CANAL = new Names(
                List.of("cali-", "FLANNEL-"),
                List.of("cali:", "flanneld "),
                Set.of("flannel-ipv4", "flannel-ipv6", "calico", "calico-arp"),
                List.of("cali40", "cali60", "cali4t", "cali6t"),
                Map.of(),
                Set.of("calico"));
        private static final Names FLANNEL = new Names(
                List.of("FLANNEL-"),
                List.of("flanneld "),
                Set.of("flannel-ipv4", "flannel-ipv6"),
                List.of(),
                Map.of("cni0", "bridge"),
                Set.of("flannel"));
        private static final Names KUBE_PROXY = new Names(
                List.of("KUBE-"),
                List.of(),
                Set.of("kube-proxy"),
                List.of("KUBE-"),
                Map.of("kube-ipvs0", "dummy"),
                Set.of());
    }

    /** The kubelet's own, and what it leaves to tell others by which of its two variants it speaks to iptables. */
    private static final Set<String> OF_KUBELET = Set.of("KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT");

    private Names names() {
        return switch (this) {
            case CANAL -> Names.CANAL;
            case FLANNEL -> Names.FLANNEL;
            case KUBE_PROXY -> Names.KUBE_PROXY;
        };
    }

    /** Whether a chain of iptables, which is not built in, is its. */
    boolean ownsChain(String name) {
        return names().chains.stream().anyMatch(name::startsWith) && !OF_KUBELET.contains(name);
    }

    /** Whether a rule of iptables is its, in whosever chain. */
    boolean ownsRule(XRule rule) {
        return ownsChain(rule.jump()) || rule.comments().stream().anyMatch(this::ownsComment);
    }

    private boolean ownsComment(String comment) {
        return names().comments.stream().anyMatch(comment::startsWith);
    }

    /** What the chain of its policies, which the built-in chain FORWARD leads to, begins with; empty if it has no policies. */
    String policyChain() {
        return this == CANAL ? "cali-" : "";
    }

    /** Whether a table of nftables, of family ip, ip6 or arp, is its as a whole. */
    boolean ownsTable(String name) {
        return names().tables.contains(name);
    }

    /** Whether an ipset is its. */
    boolean ownsSet(String name) {
        return names().sets.stream().anyMatch(name::startsWith);
    }

    /** The names of the links that it makes once for the node. */
    Set<String> links() {
        return names().links.keySet();
    }

    /** Whether a link is one of these: others may make one of that name, too, but not of that kind. */
    boolean ownsLink(Link link) {
        return ownsLink(link.name(), link.kind().name());
    }

    boolean ownsLink(String name, String kind) {
        return kind.equals(names().links.get(name));
    }

    /** The CNI plugins that only its conflists have. */
    Set<String> plugins() {
        return names().plugins;
    }

    /** As it is written in options. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
