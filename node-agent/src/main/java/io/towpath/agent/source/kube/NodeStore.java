package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The informer's store. It keeps of each node what the overlay needs and nothing of the API's object; what the informer gets
 * back has a name alone.
 */
final class NodeStore implements ItemStore<KubeNode> {
    private final Map<String, KnownNode> nodes = new ConcurrentHashMap<>();
    private final NodeReader reader;
    private final String self;
    private final Runnable changed;
    private final Consumer<@Nullable KubeNode> own;

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

    /** What is known of the cluster now. */
    ClusterFacts.Live facts(NetConf conf) {
        List<Cluster.Node> joined = new ArrayList<>(nodes.size());
        List<Rejected> rejected = new ArrayList<>();
        for (KnownNode node : nodes.values()) {
            switch (node) {
                case KnownNode.Joined(Cluster.Node it) -> joined.add(it);
                case KnownNode.Unfit(Rejected it) -> rejected.add(it);
                case KnownNode.Absent _ -> {}
            }
        }
        return new ClusterFacts.Live(conf.cluster(self, joined), rejected);
    }

    @Override
    public String getKey(KubeNode node) {
        return node.getMetadata().getName();
    }

    @Override
    public @Nullable KubeNode put(String name, KubeNode node) {
        KnownNode now = reader.read(node);
        KnownNode before = nodes.put(name, now);
        if (name.equals(self)) {
            own.accept(node);
        }
        if (!now.equals(before == null ? KnownNode.Absent.INSTANCE : before)) {
            changed.run();
        }
        return before == null ? null : named(name);
    }

    @Override
    public @Nullable KubeNode remove(String name) {
        KnownNode before = nodes.remove(name);
        if (name.equals(self)) {
            own.accept(null);
        }
        if (before != null && !(before instanceof KnownNode.Absent)) {
            changed.run();
        }
        return before == null ? null : named(name);
    }

    @Override
    public Stream<String> keySet() {
        return nodes.keySet().stream();
    }

    @Override
    public Stream<KubeNode> values() {
        return nodes.keySet().stream().map(NodeStore::named);
    }

    @Override
    public int size() {
        return nodes.size();
    }

    @Override
    public @Nullable KubeNode get(String name) {
        return nodes.containsKey(name) ? named(name) : null;
    }

    @Override
    public boolean isFullState() {
        return false;
    }

    private static KubeNode named(String name) {
        KubeNode node = new KubeNode();
        node.setMetadata(new ObjectMetaBuilder().withName(name).build());
        return node;
    }
}
