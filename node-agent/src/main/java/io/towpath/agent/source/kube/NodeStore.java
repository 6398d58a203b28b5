package io.towpath.agent.source.kube;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.net.IpAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Keeps of each node what the overlay needs and nothing of the API's object. */
final class NodeStore implements ObjectStore<KubeNode> {
    private final Map<String, KnownNode> nodes = new ConcurrentHashMap<>();
    private volatile NodeReader reader;
    private final String self;
    private final Runnable changed;
    private final Consumer<@Nullable KubeNode> own;
    private volatile List<IpAddress> ownAddresses = List.of();

    /**
     * An empty one.
     *
     * @param self this node's name
     * @param changed called when a node is another than before; not for an event that changes nothing here
     * @param own called with this node whenever it is told, null when it is gone
     */
    NodeStore(NodeReader reader, String self, Runnable changed, Consumer<@Nullable KubeNode> own) {
        this.reader = reader;
        this.self = self;
        this.changed = changed;
        this.own = own;
    }

    /** Has nodes read by another; those that are known are to be put anew. */
    void readBy(NodeReader other) {
        reader = other;
    }

    /** What is known of the cluster now. */
    ClusterFacts.Live facts(NetConf conf) {
        List<Cluster.Node> joined = new ArrayList<>(nodes.size());
        List<Rejected> rejected = new ArrayList<>();
        Map<String, Health> health = new HashMap<>();
        nodes.forEach((name, node) -> {
            switch (node) {
                case KnownNode.Joined(Cluster.Node it, List<Rejected> parts, Health of) -> {
                    joined.add(it);
                    rejected.addAll(parts);
                    health.put(name, of);
                }
                case KnownNode.Unfit(List<Rejected> parts, Health of) -> {
                    rejected.addAll(parts);
                    health.put(name, of);
                }
                case KnownNode.Absent _ -> {}
            }
        });
        return new ClusterFacts.Live(conf.cluster(self, joined), rejected, health, ownAddresses);
    }

    @Override
    public String key(KubeNode node) {
        return node.getMetadata().getName();
    }

    @Override
    public void put(String name, KubeNode node) {
        KnownNode now = reader.read(node);
        KnownNode before = nodes.put(name, now);
        boolean moved = false;
        if (name.equals(self)) {
            own.accept(node);
            List<IpAddress> addresses = NodeReader.internalAddresses(node);
            moved = !addresses.equals(ownAddresses);
            ownAddresses = addresses;
        }
        if (moved || !now.equals(before == null ? KnownNode.Absent.INSTANCE : before)) {
            changed.run();
        }
    }

    @Override
    public void remove(String name) {
        KnownNode before = nodes.remove(name);
        if (name.equals(self)) {
            own.accept(null);
        }
        if (before != null && !(before instanceof KnownNode.Absent)) {
            changed.run();
        }
    }

    @Override
    public Set<String> keys() {
        return Set.copyOf(nodes.keySet());
    }
}
