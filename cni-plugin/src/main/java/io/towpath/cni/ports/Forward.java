package io.towpath.cni.ports;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.net.IpAddress;
import io.towpath.netlink.conntrack.Connection;
import io.towpath.netlink.conntrack.Filter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A port of the node's and where it leads.
 *
 * @param from the port of the node's
 * @param pod the pod's address, of the same family
 * @param port the pod's port
 */
record Forward(HostPort from, IpAddress pod, int port) {
    private static final IpAddress ANY_V4 = IpAddress.parse("0.0.0.0");
    private static final IpAddress ANY_V6 = IpAddress.parse("::");

    /**
     * What mappings come to for a pod's addresses, of each family the first. A mapping of all addresses of a family that the
     * pod has none of comes to nothing, as runtimes ask for both families whatever the pod has.
     *
     * @throws CniException with code 7 if a mapping cannot be fulfilled or two of them contradict each other
     */
    static List<Forward> of(List<PortMapping> mappings, List<IpAddress> addresses) throws CniException {
        Map<HostPort, Forward> forwards = LinkedHashMap.newLinkedHashMap(2 * mappings.size());
        for (int i = 0; i < mappings.size(); i++) {
            PortMapping mapping = mappings.get(i);
            IpAddress host = mapping.hostIp();
            boolean isAny = host == null || host.equals(ANY_V4) || host.equals(ANY_V6);
            for (int family = 0; family < 2; family++) {
                boolean ipv6 = family == 1;
                if (host != null && host.ipv6() != ipv6) {
                    continue;
                }
                IpAddress pod = first(addresses, ipv6);
                if (host != null && !isAny && pod == null) {
                    throw new CniException(
                            CniException.INVALID_CONFIG,
                            "network config key \"runtimeConfig.portMappings[" + i + "].hostIP\" " + host
                                    + " has no address of the pod's to lead to: the pod has none of its family");
                }
                if (pod != null) {
                    HostPort from = new HostPort(ipv6, isAny ? null : host, mapping.protocol(), mapping.hostPort());
                    add(forwards, new Forward(from, pod, mapping.containerPort()));
                }
            }
        }
        return List.copyOf(forwards.values());
    }

    private static void add(Map<HostPort, Forward> forwards, Forward added) throws CniException {
        Forward other = forwards.putIfAbsent(added.from, added);
        if (other != null && !other.equals(added)) {
            throw new CniException(
                    CniException.INVALID_CONFIG,
                    "network config key \"runtimeConfig.portMappings\" has host port " + added.from
                            + " twice, for container ports " + other.port + " and " + added.port);
        }
    }

    private static @Nullable IpAddress first(List<IpAddress> addresses, boolean ipv6) {
        for (IpAddress address : addresses) {
            if (address.ipv6() == ipv6) {
                return address;
            }
        }
        return null;
    }

    /** Whether the port is one that a tunnel of the node's may have. */
    boolean isUdp() {
        return from.protocol() == PortMapping.Protocol.UDP;
    }

    /** Connections that are made to a port of that number, whosever it is. */
    Filter connections() {
        return Filter.to(from.ipv6(), from.protocol().number(), from.port());
    }

    /** Whether a connection was made to the node's port and goes to the pod. */
    boolean leads(Connection connection) {
        return connections().test(connection)
                && connection.reply().source().equals(pod)
                && connection.reply().sourcePort() == port;
    }

    /**
     * Whether a connection was made to the node's port and goes elsewhere, as it began before the port led to the pod.
     *
     * @param own the node's addresses
     */
    boolean isMissedBy(Connection connection, Set<IpAddress> own) {
        IpAddress to = connection.original().destination();
        boolean isForNode = from.address() == null
                ? own.contains(to) || HostPortTable.LOOPBACK_V4.contains(to)
                : from.address().equals(to);
        return isForNode && connections().test(connection) && !leads(connection);
    }

    /** As in {@code "tcp 0.0.0.0:8080 to 10.244.1.5:80"}. */
    @Override
    public String toString() {
        return from + " to " + (pod.ipv6() ? "[" + pod + "]" : pod) + ":" + port;
    }
}
