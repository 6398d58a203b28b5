package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Policies and what they are about, as the Kubernetes API tells them. Nothing is told before all lists are whole, nor when the API goes
 * away. ClusterNetworkPolicy is a custom resource: a cluster that does not have it has no such policies, and is asked again now and
 * then. Nodes are followed only while such a policy selects some.
 */
public final class KubernetesPolicySource implements PolicySource {
    /** After so many looks without its watch, it is asked whether the custom resource is there at all. */
    private static final int DOUBTFUL_LOOKS = 5;

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
    private final ResourceWatch<KubeClusterPolicy, KubeClusterPolicy.Items> clusterPolicyWatch;
    private final ResourceWatch<KubeNode, KubeNodes> nodeWatch;

    private volatile boolean clusterPoliciesKnown;
    private volatile boolean needsNodes;
    private volatile long lastTold;
    private volatile boolean hasTold;

    // Of the connection's thread alone, the listener with the gate.
    private @Nullable Listener listener;
    private List<ClusterPolicyFact> looked = List.of();
    private long toldVersion = -1;
    private int absences;
    private @Nullable String openingTrouble;
    private @Nullable String toldTrouble;

    /**
     * A source; nothing is asked before {@link #start}.
     *
     * @param self this node's name
     * @param conf which families the pods' network has
     */
    KubernetesPolicySource(ApiConnection connection, String self, NetConf conf) {
        this.connection = connection;
        timing = connection.timing();
        PolicyJson json = new PolicyJson();
        pods = new PodStore(lock, self, new PodReader(self), this::changed);
        namespaces = new FactStore<>(
                lock,
                space -> new NamespaceFact(space.getMetadata().getName(), Labels.of(space.getMetadata())),
                KubeNamespace::new,
                this::changed);
        policies = new FactStore<>(lock, new NetworkPolicyReader(json)::read, KubeNetworkPolicy::new, this::changed);
        clusterPolicies =
                new FactStore<>(lock, new ClusterPolicyReader(json)::read, KubeClusterPolicy::new, this::changed);
        nodes = new FactStore<>(lock, new NodeFactReader(self, conf)::read, KubeNode::new, this::changed);
        always = List.of(
                new ResourceWatch<>("pods", KubePod.class, KubePod.Items.class, pods, this::tellSoon),
                new ResourceWatch<>(
                        "namespaces", KubeNamespace.class, KubeNamespace.Items.class, namespaces, this::tellSoon),
                new ResourceWatch<>(
                        "networkpolicies",
                        KubeNetworkPolicy.class,
                        KubeNetworkPolicy.Items.class,
                        policies,
                        this::tellSoon));
        clusterPolicyWatch = new ResourceWatch<>(
                "clusternetworkpolicies",
                KubeClusterPolicy.class,
                KubeClusterPolicy.Items.class,
                clusterPolicies,
                new Presence());
        nodeWatch = new ResourceWatch<>("nodes", KubeNode.class, KubeNodes.class, nodes, this::tellSoon);
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

    private Stream<ResourceWatch<?, ?>> watches() {
        return Stream.concat(always.stream(), Stream.of(clusterPolicyWatch, nodeWatch));
    }

    private boolean isWhole() {
        return clusterPoliciesKnown
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
        KubernetesClient client = connection.api();
        if (!needed) {
            nodeWatch.forget();
            nodes.clear();
        } else if (client != null) {
            nodeWatch.follow(client);
        }
    }

    private void look() {
        if (!isOpen()) {
            return;
        }
        connection.run(this::look, timing.look());
        watches().forEach(ResourceWatch::look);
        if (clusterPolicyWatch.looksWithoutWatch() == DOUBTFUL_LOOKS) {
            followClusterPolicies();
        }
        tellTrouble();
    }

    private void tellTrouble() {
        String now = openingTrouble != null
                ? openingTrouble
                : watches()
                        .map(ResourceWatch::trouble)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null);
        synchronized (gate) {
            if (listener != null && !Objects.equals(now, toldTrouble)) {
                toldTrouble = now;
                listener.policyTrouble(now);
            }
        }
    }

    private void followClusterPolicies() {
        KubernetesClient client = connection.api();
        if (client != null && isOpen()) {
            clusterPolicyWatch.follow(client);
        }
    }

    /** The custom resource is removed with all that are told of, so those that are left may be there yet: a second look is waited for. */
    private void withoutClusterPolicies() {
        if (!clusterPolicyWatch.isFollowed()) {
            return; // known
        }
        clusterPolicyWatch.stop();
        absences++;
        if (absences > 1) {
            clusterPolicies.clear();
        }
        clusterPoliciesKnown = true;
        tellSoon();
        connection.run(this::followClusterPolicies, timing.absent());
    }

    private final class Presence implements ResourceWatch.Listener {
        @Override
        public void listed() {
            clusterPoliciesKnown = true;
            tellSoon();
            connection.run(() -> absences = 0);
        }

        @Override
        public boolean absent() {
            connection.run(KubernetesPolicySource.this::withoutClusterPolicies);
            return true;
        }
    }

    private final class Followed implements ApiConnection.Follower {
        @Override
        public void follow(KubernetesClient client) {
            if (!isOpen()) {
                return;
            }
            always.forEach(watch -> watch.follow(client));
            clusterPolicyWatch.follow(client);
            if (needsNodes) {
                nodeWatch.follow(client);
            }
        }

        @Override
        public void unfollow() {
            watches().forEach(ResourceWatch::stop);
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
