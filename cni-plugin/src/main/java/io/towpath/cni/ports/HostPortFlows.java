package io.towpath.cni.ports;

import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Connection;
import io.towpath.netlink.conntrack.Filter;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.rtnl.Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;

/**
 * What is under way to the node's ports. The kernel asks the table only for the first packet: what comes from the same port of a client
 * goes on to where it went, though nobody is there any more, and each packet makes the kernel remember it for longer.
 */
final class HostPortFlows {
    private HostPortFlows() {}

    /** Forgets what leads to the pods that the ports led to: nobody answers there, whatever the protocol. */
    static void forgetFormer(Namespaces node, List<Forward> former) throws NetlinkException {
        forget(node, former, Forward::leads);
    }

    /**
     * Forgets what goes elsewhere though the ports lead to a pod now. Connections by TCP to others who live go on: they have an end of
     * which the kernel learns.
     */
    static void forgetMissed(Namespaces node, List<Forward> forwards) throws NetlinkException {
        List<Forward> endless = new ArrayList<>();
        for (Forward forward : forwards) {
            if (forward.from().protocol() != PortMapping.Protocol.TCP) {
                endless.add(forward);
            }
        }
        Set<IpAddress> own = new HashSet<>();
        if (!endless.isEmpty()) {
            for (Address address : node.host().addresses()) {
                own.add(address.prefix().address());
            }
        }
        forget(node, endless, (forward, connection) -> forward.isMissedBy(connection, own));
    }

    private static void forget(Namespaces node, List<Forward> forwards, BiPredicate<Forward, Connection> isMeant)
            throws NetlinkException {
        Map<HostPort, List<Forward>> byPort = HashMap.newHashMap(forwards.size());
        for (Forward forward : forwards) {
            byPort.computeIfAbsent(forward.from().ofAllAddresses(), _ -> new ArrayList<>(1))
                    .add(forward);
        }
        if (byPort.isEmpty()) {
            return;
        }
        List<Filter> filters = byPort.values().stream()
                .map(same -> same.getFirst().connections())
                .toList();
        List<Connection> meant = node.conntrack()
                .list(
                        filters,
                        connection -> of(byPort, connection.original()).stream()
                                .anyMatch(forward -> isMeant.test(forward, connection)));
        node.conntrack().delete(meant);
    }

    private static List<Forward> of(Map<HostPort, List<Forward>> byPort, Flow to) {
        PortMapping.Protocol protocol = PortMapping.Protocol.of(to.protocol());
        return protocol == null
                ? List.of()
                : byPort.getOrDefault(
                        new HostPort(to.destination().ipv6(), null, protocol, to.destinationPort()), List.of());
    }
}
