package io.towpath.agent.source.kube;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.Cluster;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which network configuration holds: what the file says for as long as that is right and cuts off no node that is served, else what it
 * said before. It is looked at by one thread; any may ask for what holds.
 */
final class LiveNetConf {
    private final Path file;
    private final String origin;
    private volatile @Nullable NetConf current;
    private @Nullable String problem;

    /**
     * Nothing holds yet.
     *
     * @param mounted whether the file is a ConfigMap's
     */
    LiveNetConf(Path file, boolean mounted) {
        this.file = file;
        origin = mounted ? " (in the manifest the ConfigMap kube-system/towpath-config)" : "";
    }

    /** What holds; null for nothing. */
    @Nullable
    NetConf current() {
        return current;
    }

    /** What is wrong with the file, in one line with the mend; null if it holds. */
    @Nullable
    String problem() {
        return problem;
    }

    /**
     * Looks at the file.
     *
     * @param served what the cluster has come to by what holds now; null for nothing
     * @return whether another configuration holds now
     */
    boolean look(ClusterFacts.@Nullable Live served) {
        NetConf before = current;
        String wrong;
        try {
            NetConf wanted = NetConf.read(file);
            wrong = before == null || served == null || wanted.equals(before)
                    ? null
                    : cutting(before, wanted, served.cluster());
            if (wrong == null) {
                current = wanted;
            }
        } catch (NetConfException e) {
            wrong = e.getMessage();
        }
        problem = wrong == null
                ? null
                : "net-conf.json" + origin + " is not used: " + wrong
                        + (before == null ? "" : "; what it said before stays in force");
        return !Objects.equals(before, current);
    }

    /** Which nodes that are served would no longer be; null for none. */
    private @Nullable String cutting(NetConf before, NetConf wanted, Cluster served) {
        List<Cluster.Node> outside = served.nodes().stream()
                .filter(node ->
                        node.slices().stream().anyMatch(slice -> before.contains(slice) && !wanted.contains(slice)))
                .toList();
        if (!outside.isEmpty()) {
            Cluster.Node first = outside.getFirst();
            IpPrefix slice = first.slices().stream()
                    .filter(each -> before.contains(each) && !wanted.contains(each))
                    .findFirst()
                    .orElseThrow();
            return (slice.address().ipv6() ? "IPv6Network" : "Network") + " leaves out the podCIDR " + slice
                    + " of node "
                    + first.name()
                    + (outside.size() == 1 ? "" : " and those of " + (outside.size() - 1) + " other nodes")
                    + "; write the cluster's --cluster-cidr";
        }
        long others = served.nodes().stream()
                .filter(node -> !node.name().equals(served.node()))
                .count();
        boolean otherTunnel =
                before.vni() != wanted.vni() || before.port() != wanted.port() || before.gbp() != wanted.gbp();
        return otherTunnel && others > 0
                ? "VNI, Port or GBP is another than that by which " + others
                        + " other nodes are served; put it back or," + " to have it on all nodes, restart the agents"
                : null;
    }
}
