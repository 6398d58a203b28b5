package io.towpath.policy.compile;

import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PortMatch.Named;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All pods, by name, class, set and address. */
final class PodIndex {
    private final Map<String, Namespace> namespaces = new HashMap<>();
    private final Map<IpAddress, List<Pod>> byAddress = new HashMap<>();
    private final Map<NamedPort, Integer> portClasses = new HashMap<>();
    private List<LocalEndpoint> endpoints = List.of();
    private Set<IpAddress> changed = new HashSet<>();

    final PodSets sets = new PodSets(namespaces);

    /** Takes what differs between two states of the cluster, and of this node. */
    void update(Facts before, Facts after, List<LocalEndpoint> local) {
        Diff<NamespaceFact> spaces = Diff.of(before.namespaces(), after.namespaces(), NamespaceFact::name);
        Diff<PodFact> pods = Diff.of(before.pods(), after.pods(), pod -> pod.namespace() + '/' + pod.name());
        pods.gone().forEach(this::remove);
        relabel(spaces);
        pods.come().forEach(this::add);
        if (!local.equals(endpoints)) {
            place(local);
        }
        namespaces.values().removeIf(Namespace::isUnused);
    }

    private Namespace namespace(String name) {
        return namespaces.computeIfAbsent(name, Namespace::new);
    }

    private void relabel(Diff<NamespaceFact> spaces) {
        if (spaces.isEmpty()) {
            return;
        }
        Map<String, @Nullable NamespaceFact> facts = new LinkedHashMap<>();
        spaces.gone().forEach(fact -> facts.put(fact.name(), null));
        spaces.come().forEach(fact -> facts.put(fact.name(), fact));
        facts.forEach((name, fact) -> {
            Namespace namespace = namespace(name);
            namespace.pods.values().forEach(this::unindex);
            namespace.labels = fact == null ? null : fact.labels();
            sets.namespacesChanged();
            namespace.pods.values().forEach(pod -> index(namespace, pod));
        });
    }

    private void add(PodFact fact) {
        Namespace namespace = namespace(fact.namespace());
        Pod pod = new Pod(fact);
        namespace.pods.put(fact.name(), pod);
        index(namespace, pod);
    }

    private void remove(PodFact fact) {
        Pod pod = namespace(fact.namespace()).pods.remove(fact.name());
        if (pod != null) {
            unindex(pod);
        }
    }

    private void index(Namespace namespace, Pod pod) {
        if (namespace.labels == null) {
            return;
        }
        PodClass.Key key = new PodClass.Key(pod.fact.labels(), pod.fact.ports());
        PodClass podClass = namespace.find(key);
        if (podClass == null) {
            podClass = namespace.add(key);
            sets.added(podClass);
            key.ports().forEach(port -> portClasses.merge(named(port), 1, Integer::sum));
        }
        podClass.pods.add(pod);
        pod.podClass = podClass;
        pod.addresses = namespace.local.getOrDefault(pod.fact.name(), pod.fact.addresses());
        for (IpAddress address : pod.addresses) {
            List<Pod> others = byAddress.get(address);
            byAddress.put(address, others == null ? List.of(pod) : with(others, pod));
            changed.add(address);
        }
    }

    private void unindex(Pod pod) {
        PodClass podClass = pod.podClass;
        if (podClass == null) {
            return;
        }
        podClass.pods.remove(pod);
        pod.podClass = null;
        if (podClass.pods.isEmpty()) {
            sets.removed(podClass);
            podClass.namespace.remove(podClass);
            podClass.ports()
                    .forEach(port -> portClasses.computeIfPresent(named(port), (_, n) -> n == 1 ? null : n - 1));
        }
        for (IpAddress address : pod.addresses) {
            List<Pod> rest = new ArrayList<>(at(address));
            rest.remove(pod);
            if (rest.isEmpty()) {
                byAddress.remove(address);
            } else {
                byAddress.put(address, List.copyOf(rest));
            }
            changed.add(address);
        }
        pod.addresses = List.of();
    }

    private static List<Pod> with(List<Pod> pods, Pod another) {
        List<Pod> more = new ArrayList<>(pods);
        more.remove(another);
        more.add(another);
        return List.copyOf(more);
    }

    private static NamedPort named(NamedPort port) {
        return new NamedPort(port.name(), port.protocol(), 0);
    }

    /** Whether any pod names a port so. */
    boolean knows(Named name) {
        return portClasses.keySet().stream()
                .anyMatch(port -> port.name().equals(name.name())
                        && (name.protocol() == null || name.protocol() == port.protocol()));
    }

    private void place(List<LocalEndpoint> local) {
        Map<String, Map<String, List<IpAddress>>> places = new HashMap<>();
        for (LocalEndpoint endpoint : local) {
            places.computeIfAbsent(endpoint.podNamespace(), _ -> new HashMap<>())
                    .computeIfAbsent(endpoint.podName(), _ -> new ArrayList<>())
                    .addAll(endpoint.addresses());
        }
        Set<String> names = new HashSet<>(places.keySet());
        endpoints.forEach(endpoint -> names.add(endpoint.podNamespace()));
        for (String name : names) {
            Namespace namespace = namespace(name);
            Map<String, List<IpAddress>> own = places.getOrDefault(name, Map.of());
            Set<String> moved = new HashSet<>(own.keySet());
            moved.addAll(namespace.local.keySet());
            // One without addresses is not one that is not there: its pod has none, whatever its status says.
            moved.removeIf(pod -> Objects.equals(own.get(pod), namespace.local.get(pod)));
            namespace.local.clear();
            namespace.local.putAll(own);
            for (String each : moved) {
                Pod pod = namespace.pods.get(each);
                if (pod != null) {
                    unindex(pod);
                    index(namespace, pod);
                }
            }
        }
        endpoints = List.copyOf(local);
    }

    /** The pods that have an address: one, but for a moment when it goes from one to another. */
    List<Pod> at(IpAddress address) {
        return byAddress.getOrDefault(address, List.of());
    }

    Set<IpAddress> addresses() {
        return byAddress.keySet();
    }

    /** The class of a pod that is known, and its namespace, too. */
    @Nullable
    PodClass podClass(String namespace, String name) {
        Namespace space = namespaces.get(namespace);
        Pod pod = space == null ? null : space.pods.get(name);
        return pod == null ? null : pod.podClass;
    }

    /** The addresses whose pods have changed since the last call. */
    Set<IpAddress> takeChanged() {
        Set<IpAddress> taken = changed;
        changed = new HashSet<>();
        return taken;
    }
}
