package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.towpath.net.IpAddress;
import io.towpath.policy.facts.Interner;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads from a pod of the API what policies need. Not for use by several threads. */
final class PodReader {
    private static final int LAST_PORT = 0xffff;

    private final String self;
    private final Interner<String> texts = new Interner<>();
    private final Interner<Map<String, String>> labels = new Interner<>();
    private final Interner<List<NamedPort>> ports = new Interner<>();

    /** @param self this node's name */
    PodReader(String self) {
        this.self = self;
    }

    /**
     * Reads; null for a pod that policies cannot select: on no node, in the node's network, at its end, or without an address. One of
     * this node counts without, as that is known here first.
     */
    @Nullable
    PodFact read(KubePod pod) {
        ObjectMeta metadata = pod.getMetadata();
        KubePod.Spec spec = pod.getSpec();
        KubePod.Status status = pod.getStatus();
        String node = spec == null ? null : spec.nodeName();
        if (spec == null || node == null || node.isEmpty() || Boolean.TRUE.equals(spec.hostNetwork())) {
            return null;
        }
        if (status != null && ("Succeeded".equals(status.phase()) || "Failed".equals(status.phase()))) {
            return null;
        }
        List<IpAddress> addresses = addresses(status);
        if (addresses.isEmpty() && !node.equals(self)) {
            return null;
        }
        return new PodFact(
                texts.intern(metadata.getNamespace()),
                metadata.getName(),
                labels.intern(Labels.of(metadata)),
                addresses,
                ports.intern(ports(spec)),
                texts.intern(node));
    }

    private static List<IpAddress> addresses(KubePod.@Nullable Status status) {
        if (status == null) {
            return List.of();
        }
        List<IpAddress> addresses = new ArrayList<>(2);
        if (status.podIps() != null) {
            for (KubePod.PodIp each : status.podIps()) {
                add(addresses, each.ip());
            }
        }
        if (addresses.isEmpty()) {
            add(addresses, status.podIp());
        }
        return List.copyOf(addresses);
    }

    private static void add(List<IpAddress> addresses, @Nullable String text) {
        IpAddress address = text == null ? null : IpAddress.tryParse(text);
        if (address != null && !addresses.contains(address)) {
            addresses.add(address);
        }
    }

    /** Those with names: of containers, and of init containers that go on beside them. */
    private static List<NamedPort> ports(KubePod.Spec spec) {
        List<NamedPort> ports = new ArrayList<>();
        if (spec.containers() != null) {
            spec.containers().forEach(container -> add(ports, container));
        }
        if (spec.initContainers() != null) {
            for (KubePod.Container container : spec.initContainers()) {
                if ("Always".equals(container.restartPolicy())) {
                    add(ports, container);
                }
            }
        }
        return List.copyOf(ports);
    }

    private static void add(List<NamedPort> ports, KubePod.Container container) {
        if (container.ports() == null) {
            return;
        }
        for (KubePod.Port each : container.ports()) {
            String name = each.name();
            Protocol protocol = PolicyJson.protocol(each.protocol());
            int number = Objects.requireNonNullElse(each.containerPort(), 0);
            if (name != null && !name.isEmpty() && protocol != null && number > 0 && number <= LAST_PORT) {
                ports.add(new NamedPort(name, protocol, number));
            }
        }
    }
}
