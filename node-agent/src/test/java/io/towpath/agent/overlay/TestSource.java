package io.towpath.agent.overlay;

import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.OwnNode;
import io.towpath.agent.status.Heartbeat;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.overlay.UnderlayChoice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A live cluster that says what a test has it say, and keeps what this node says. */
final class TestSource implements ClusterSource {
    private final List<String> leftOut = new CopyOnWriteArrayList<>();
    private final List<String> notServed = new CopyOnWriteArrayList<>();
    private final List<String> outside = new CopyOnWriteArrayList<>();
    private final List<OwnNode> published = new CopyOnWriteArrayList<>();
    private volatile Map<String, Health> health = Map.of();
    private volatile List<IpAddress> ownAddresses = List.of();
    private volatile @Nullable Listener listener;
    private volatile ClusterFacts.@Nullable Live facts;

    /** This node, whose address is its interface's. */
    static Cluster.Node self(@Nullable MacAddress mac, String... slices) {
        return new Cluster.Node("n1", prefixes(slices), List.of(), mac, null);
    }

    static Cluster.Node peer(String name, String address, String... slices) {
        return new Cluster.Node(name, prefixes(slices), List.of(IpAddress.parse(address)), null, null);
    }

    private static List<IpPrefix> prefixes(String... texts) {
        return List.of(texts).stream().map(IpPrefix::parse).toList();
    }

    /** Has this node known by these addresses whenever something is told. */
    TestSource knowingUsBy(String... addresses) {
        ownAddresses = Stream.of(addresses).map(IpAddress::parse).toList();
        return this;
    }

    /** Has nodes so alive whenever something is told. */
    TestSource withHealth(Map<String, Health> now) {
        health = Map.copyOf(now);
        return this;
    }

    /** Says that these are the nodes, and that others could not be read. */
    void tell(List<Rejected> rejected, Cluster.Node... nodes) {
        Cluster cluster = new Cluster(
                List.of(IpPrefix.parse("10.64.0.0/10")),
                "n1",
                UnderlayChoice.AUTOMATIC,
                Cluster.DEFAULT_VNI,
                Cluster.DEFAULT_PORT,
                0,
                false,
                false,
                false,
                List.of(nodes));
        ClusterFacts.Live now = new ClusterFacts.Live(cluster, rejected, health, ownAddresses);
        facts = now;
        Listener to = listener;
        if (to != null) {
            to.cluster(now);
        }
    }

    /** What this node said of itself, in order. */
    List<OwnNode> published() {
        return List.copyOf(published);
    }

    /** There is no thread. */
    @Override
    public Heartbeat heartbeat() {
        return new Heartbeat("none", Duration.ZERO);
    }

    @Override
    public String name() {
        return "test";
    }

    @Override
    public void start(Listener to) {
        listener = to;
        ClusterFacts.Live now = facts;
        if (now != null) {
            to.cluster(now);
        }
    }

    @Override
    public void publish(OwnNode own) {
        published.add(own);
    }

    @Override
    public void leftOut(@Nullable String message) {
        leftOut.add(String.valueOf(message));
    }

    @Override
    public void notServed(@Nullable String reason) {
        notServed.add(String.valueOf(reason));
    }

    /** Why this node said that it has no place, in order. */
    List<String> notServed() {
        return List.copyOf(notServed);
    }

    @Override
    public void outside(@Nullable String message) {
        outside.add(String.valueOf(message));
    }

    /** Which pods this node said to be outside its slices, in order. */
    List<String> outside() {
        return List.copyOf(outside);
    }

    /** What this node said that it leaves out, in order. */
    List<String> leftOut() {
        return List.copyOf(leftOut);
    }

    @Override
    public void close() {}
}
