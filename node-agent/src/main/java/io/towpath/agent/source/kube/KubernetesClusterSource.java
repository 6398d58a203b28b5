package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.ClusterFacts;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.source.OwnNode;
import io.towpath.agent.status.Heartbeat;
import io.towpath.net.IpPrefix;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The cluster as the Kubernetes API tells it: all nodes are listed and watched, and what flannel's annotations say of them is
 * told as a {@link ClusterFacts.Live}. Nothing is told before the list is whole, nor when the API goes away.
 */
public final class KubernetesClusterSource implements ClusterSource {
    private final KubeSettings settings;
    private final Log log;
    private final Timing timing;
    private final NodeStore store;
    private final ApiConnection connection;
    private final ResourceWatch<KubeNode, KubeNodes> nodes;
    private final AtomicBoolean telling = new AtomicBoolean();
    private final NodePublisher publisher;
    private final EventWriter incomplete;
    private final EventWriter notConfigured;
    private final EventWriter outside;
    private final LiveNetConf conf;

    // Of the connection's thread alone.
    private @Nullable Listener listener;
    private ClusterFacts.@Nullable Live told;
    private @Nullable OwnNode published;
    private @Nullable String openingTrouble;
    private @Nullable String publishTrouble;
    private @Nullable String eventTrouble;
    private @Nullable String toldTrouble;
    private @Nullable String notServed;
    private @Nullable String unavailable;

    /** A source; nothing is asked before {@link #start}. */
    public KubernetesClusterSource(KubeSettings settings, Log log) {
        this(settings, log, Timing.USUAL, Clock.systemUTC());
    }

    KubernetesClusterSource(KubeSettings settings, Log log, Timing timing, Clock clock) {
        this.log = log;
        this.settings = settings;
        this.timing = timing;
        this.connection = new ApiConnection(settings.access(), timing);
        this.publisher = new NodePublisher(settings, connection, clock, this::publishing);
        this.incomplete = new EventWriter(settings.node(), "OverlayIncomplete", connection, clock, this::telling);
        this.notConfigured = new EventWriter(settings.node(), "NetworkNotConfigured", connection, clock, this::telling);
        this.outside = new EventWriter(settings.node(), "PodsOutsidePodCIDR", connection, clock, this::telling);
        this.conf = new LiveNetConf(settings.netConf(), settings.access().isOfAPod());
        conf.look(null);
        this.store = new NodeStore(reader(), settings.node(), this::changed, publisher::saw);
        this.nodes = new ResourceWatch<>(
                "nodes",
                new Belief("Node", false),
                "/api/v1/nodes",
                KubeNode.class,
                KubeNodes.class,
                store,
                connection,
                log,
                this::changed);
    }

    /** What it was made with. */
    public KubeSettings settings() {
        return settings;
    }

    /** The policies of the same cluster, by the same connection: they are told until either is closed. */
    public KubernetesPolicySource policies() {
        return new KubernetesPolicySource(connection, settings.node(), log);
    }

    /** The pods' network: a prefix of each family. None while that is not known. */
    public List<IpPrefix> networks() {
        NetConf known = conf.current();
        return known == null ? List.of() : known.networks();
    }

    private NodeReader reader() {
        NetConf known = conf.current();
        return new NodeReader(settings.node(), known == null ? NetConf.NONE : known, settings.names());
    }

    @Override
    public String name() {
        return "kubernetes";
    }

    @Override
    public void start(Listener to) {
        connection.run(() -> listener = to);
        connection.add(new Nodes());
        connection.run(this::look, timing.look());
    }

    @Override
    public void publish(OwnNode own) {
        connection.run(() -> {
            if (published != null && !published.addresses().equals(own.addresses())) {
                connection.reopen();
            }
            published = own;
            publisher.want(own);
        });
    }

    @Override
    public void leftOut(@Nullable String message) {
        connection.run(() -> incomplete.want(message));
    }

    @Override
    public void outside(@Nullable String message) {
        connection.run(() -> outside.want(message));
    }

    @Override
    public void notServed(@Nullable String reason) {
        connection.run(() -> {
            notServed = reason;
            tellUnavailable();
        });
    }

    @Override
    public Heartbeat heartbeat() {
        return connection.heartbeat();
    }

    @Override
    public void close() {
        connection.close();
    }

    private final class Nodes implements ApiConnection.Follower {
        @Override
        public void follow(ApiCalls calls) {
            nodes.follow(calls);
        }

        @Override
        public void unfollow() {
            nodes.stop();
        }

        @Override
        public void unreachable(@Nullable String trouble) {
            openingTrouble = trouble;
            if (trouble != null) {
                tellTrouble();
            }
        }
    }

    private void look() {
        connection.run(this::look, timing.look());
        lookAtConf();
        int looksWithoutWatch = nodes.look();
        tellTrouble();
        long limit = timing.anew().dividedBy(timing.look());
        if (looksWithoutWatch > 0 && looksWithoutWatch % limit == 0) {
            connection.reopen();
        }
    }

    /** Where nodes read otherwise by another configuration, all are listed anew; nothing is told before that is whole. */
    private void lookAtConf() {
        NetConf before = conf.current();
        if (conf.look(told)) {
            NetConf now = Objects.requireNonNull(conf.current());
            log.info("network configuration taken", "networks", networks());
            if (before != null && before.readsNodesAs(now)) {
                changed();
                tellUnavailable();
                return;
            }
            store.readBy(reader());
            nodes.forget();
            ApiCalls calls = connection.calls();
            if (calls != null) {
                nodes.follow(calls);
            }
        }
        tellUnavailable();
    }

    /** What passes is not told: a node that is new has no podCIDR for a moment. */
    private void tellUnavailable() {
        String problem = conf.problem();
        notConfigured.want(problem == null ? notServed : problem);
        String now = conf.current() == null ? problem : notServed;
        if (Objects.equals(now, unavailable)) {
            return;
        }
        unavailable = now;
        if (now == null) {
            publisher.unavailable(null);
        } else {
            connection.run(
                    () -> {
                        if (now.equals(unavailable)) {
                            publisher.unavailable(now);
                        }
                    },
                    connection.waits().settled());
        }
    }

    private void publishing(@Nullable String problem) {
        publishTrouble = problem;
        tellTrouble();
    }

    private void telling(@Nullable String problem) {
        eventTrouble = problem;
        tellTrouble();
    }

    private void tellTrouble() {
        String confTrouble = conf.problem();
        String now = conf.current() == null ? confTrouble : openingTrouble != null ? openingTrouble : nodes.trouble();
        for (String next : new String[] {confTrouble, publishTrouble, eventTrouble}) {
            now = now == null ? next : now;
        }
        if (listener != null && !Objects.equals(now, toldTrouble)) {
            toldTrouble = now;
            listener.trouble(now);
        }
    }

    private void changed() {
        if (nodes.isListed() && telling.compareAndSet(false, true)) {
            connection.run(this::tell, timing.together());
        }
    }

    private void tell() {
        telling.set(false); // first: what changes from here on is told by another call
        NetConf known = conf.current();
        if (known == null || !nodes.isListed()) {
            return; // told when it is, and they are
        }
        ClusterFacts.Live facts = store.facts(known);
        if (listener != null && !facts.equals(told)) {
            told = facts;
            listener.cluster(facts);
        }
    }
}
