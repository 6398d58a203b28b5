package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus.Unenforced;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Policies and what they are about, as the Kubernetes API tells them. Nothing is told before all lists are whole, nor when the API goes
 * away. Nodes are followed only while a ClusterNetworkPolicy selects some.
 */
public final class KubernetesPolicySource implements PolicySource {
    private final ApiConnection connection;
    private final Timing timing;
    private final Followed followed = new Followed();
    private final Object gate = new Object();
    private final AtomicBoolean telling = new AtomicBoolean();
    private final AtomicLong version = new AtomicLong();

    // What several threads read into the stores, and what they share.
    private final Object lock = new Object();
    private final PodStore pods;
    private final FactStore<KubeNamespace, NamespaceFact> namespaces;
    private final FactStore<KubeNetworkPolicy, PolicyFact> policies;
    private final FactStore<KubeClusterPolicy, ClusterPolicyFact> clusterPolicies;
    private final FactStore<KubeNode, NodeFact> nodes;

    private final List<ResourceWatch<?, ?>> always;
    private final ClusterPolicyWatch clusterPolicyWatch;
    private final ResourceWatch<KubeNode, KubeNodes> nodeWatch;
    private final CalicoLooks calico;

    private volatile boolean needsNodes;
    private volatile long lastTold;
    private volatile boolean hasTold;

    // Of the connection's thread alone, the listener with the gate.
    private @Nullable Listener listener;
    private List<ClusterPolicyFact> looked = List.of();
    private long toldVersion = -1;
    private @Nullable String openingTrouble;
    private @Nullable String toldTrouble;
    private final Log log;

    /**
     * A source; nothing is asked before {@link #start}.
     *
     * @param self this node's name
     */
    KubernetesPolicySource(ApiConnection connection, String self, Log log) {
        this.connection = connection;
        this.log = log;
        timing = connection.timing();
        PolicyJson json = new PolicyJson();
        pods = new PodStore(lock, self, new PodReader(self), this::changed);
        namespaces = new FactStore<>(
                lock,
                space -> new NamespaceFact(space.getMetadata().getName(), Labels.of(space.getMetadata())),
                this::changed);
        policies = new FactStore<>(lock, new NetworkPolicyReader(json)::read, this::changed);
        clusterPolicies = new FactStore<>(lock, new ClusterPolicyReader(json)::read, this::changed);
        nodes = new FactStore<>(lock, new NodeFactReader(self)::read, this::changed);
        always = List.of(
                watch("pods", new Belief("Pod", true), "/api/v1/pods", KubePod.class, KubePod.Items.class, pods),
                watch(
                        "namespaces",
                        new Belief("Namespace", false),
                        "/api/v1/namespaces",
                        KubeNamespace.class,
                        KubeNamespace.Items.class,
                        namespaces),
                watch(
                        "networkpolicies",
                        new Belief("NetworkPolicy", true),
                        "/apis/networking.k8s.io/v1/networkpolicies",
                        KubeNetworkPolicy.class,
                        KubeNetworkPolicy.Items.class,
                        policies));
        clusterPolicyWatch = new ClusterPolicyWatch(connection, clusterPolicies, log, this::tellSoon);
        nodeWatch = watch("nodes", new Belief("Node", false), "/api/v1/nodes", KubeNode.class, KubeNodes.class, nodes);
        calico = new CalicoLooks(connection, log, this::tellUnenforced);
    }

    private <T extends HasMetadata, L extends DefaultKubernetesResourceList<T>> ResourceWatch<T, L> watch(
            String what, Belief belief, String path, Class<T> type, Class<L> list, ObjectStore<T> store) {
        return new ResourceWatch<>(what, belief, path, type, list, store, connection, log, this::tellSoon);
    }

    @Override
    public void start(Listener to) {
        connection.run(() -> {
            synchronized (gate) {
                listener = to;
            }
        });
        connection.add(followed);
        connection.run(this::look, timing.look());
    }

    @Override
    public void close() {
        synchronized (gate) {
            listener = null;
        }
        connection.remove(followed);
    }

    private boolean isOpen() {
        synchronized (gate) {
            return listener != null;
        }
    }

    private boolean isWhole() {
        return clusterPolicyWatch.isKnown()
                && always.stream().allMatch(ResourceWatch::isListed)
                && (!needsNodes || nodeWatch.isListed());
    }

    private void changed() {
        version.incrementAndGet();
        tellSoon();
    }

    /** The first change at once, those that come close after it together. */
    private void tellSoon() {
        if (isWhole() && telling.compareAndSet(false, true)) {
            long since = System.nanoTime() - lastTold;
            Duration wait = timing.together().minusNanos(since);
            connection.run(this::tell, !hasTold || wait.isNegative() ? Duration.ZERO : wait);
        }
    }

    private void tell() {
        telling.set(false); // first: what changes from here on is told by another call
        long current;
        Facts facts;
        Map<String, String> uids;
        synchronized (lock) {
            current = version.get();
            if (current == toldVersion) {
                return;
            }
            facts = new Facts(
                    pods.facts(), namespaces.facts(), nodes.facts(), policies.facts(), clusterPolicies.facts());
            uids = pods.uids();
        }
        followNodesFor(facts.clusterPolicies());
        if (!isWhole()) {
            return; // told when it is
        }
        synchronized (gate) {
            if (listener != null) {
                toldVersion = current;
                listener.policy(new PolicyFacts(facts, uids));
            }
        }
        lastTold = System.nanoTime();
        hasTold = true;
    }

    /** A policy that denies what nodes get would deny nothing before they are known: so nothing is told until then. */
    // It is another list whenever anything in it is.
    @SuppressWarnings("ReferenceEquality")
    private void followNodesFor(List<ClusterPolicyFact> current) {
        if (current == looked) {
            return;
        }
        looked = current;
        boolean needed = current.stream()
                .flatMap(policy -> policy.egress().stream())
                .flatMap(rule -> rule.peers().stream())
                .anyMatch(Peer.Nodes.class::isInstance);
        if (needed == needsNodes) {
            return;
        }
        needsNodes = needed;
        ApiCalls calls = connection.calls();
        if (!needed) {
            nodeWatch.forget();
            nodes.clear();
        } else if (calls != null) {
            nodeWatch.follow(calls);
        }
    }

    private void look() {
        if (!isOpen()) {
            return;
        }
        connection.run(this::look, timing.look());
        always.forEach(ResourceWatch::look);
        clusterPolicyWatch.look();
        nodeWatch.look();
        tellTrouble();
    }

    private @Nullable String trouble() {
        if (openingTrouble != null) {
            return openingTrouble;
        }
        for (ResourceWatch<?, ?> watch : always) {
            String trouble = watch.trouble();
            if (trouble != null) {
                return trouble;
            }
        }
        String ofClusterPolicies = clusterPolicyWatch.trouble();
        return ofClusterPolicies != null ? ofClusterPolicies : nodeWatch.trouble();
    }

    private void tellTrouble() {
        String now = trouble();
        if (now == null && toldTrouble != null) {
            tell(); // who hears that it is over takes it that nothing is missing
            if (version.get() != toldVersion) {
                return; // something is: the next look finds it told
            }
        }
        synchronized (gate) {
            if (listener != null && !Objects.equals(now, toldTrouble)) {
                toldTrouble = now;
                listener.policyTrouble(now);
            }
        }
    }

    private void tellUnenforced(Unenforced now) {
        synchronized (gate) {
            if (listener != null) {
                listener.unenforced(now);
            }
        }
    }

    private final class Followed implements ApiConnection.Follower {
        @Override
        public void follow(ApiCalls calls) {
            if (!isOpen()) {
                return;
            }
            always.forEach(watch -> watch.follow(calls));
            clusterPolicyWatch.follow(calls);
            calico.follow(calls);
            if (needsNodes) {
                nodeWatch.follow(calls);
            }
        }

        @Override
        public void unfollow() {
            always.forEach(ResourceWatch::stop);
            clusterPolicyWatch.stop();
            calico.stop();
            nodeWatch.stop();
        }

        @Override
        public void unreachable(@Nullable String trouble) {
            openingTrouble = trouble;
            if (trouble != null) {
                tellTrouble();
            }
        }
    }
}
