package io.towpath.cni.protocol;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What ADD answers, in the terms of version 1.1.0 (SPEC section 5, "ADD Success"). {@link ResultWriter} says it in the
 * version that a configuration asks for, {@link ResultReader} understands it in every version.
 *
 * @param interfaces all interfaces of the attachment, those on the node included
 * @param ips the addresses
 * @param routes the routes
 * @param dns name resolution, {@link Dns#EMPTY} if there is nothing to say
 */
public record Result(List<Interface> interfaces, List<Ip> ips, List<Route> routes, Dns dns) {
    public static final Result EMPTY = new Result(List.of(), List.of(), List.of(), Dns.EMPTY);

    public Result {
        interfaces = List.copyOf(interfaces);
        ips = List.copyOf(ips);
        routes = List.copyOf(routes);
    }

    /**
     * This result with that of another plugin of the same list behind it (SPEC section 2, "Lifecycle & Ordering"): interfaces, addresses
     * and routes of both, in this order.
     *
     * @param both what both say about name resolution
     */
    public Result with(Result other, Dns both) {
        List<Ip> all = new ArrayList<>(ips);
        for (Ip ip : other.ips) {
            Integer index = ip.interfaceIndex;
            all.add(new Ip(ip.address, ip.gateway, index == null ? null : interfaces.size() + index));
        }
        return new Result(joined(interfaces, other.interfaces), all, joined(routes, other.routes), both);
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        List<T> both = new ArrayList<>(first);
        both.addAll(second);
        return both;
    }

    /**
     * An interface. Texts that are unknown are empty.
     *
     * @param name the interface's name
     * @param mac the hardware address as text; not every link layer has 48 bits
     * @param mtu bytes; 0 if unknown
     * @param sandbox the path of the network namespace; empty for an interface on the node
     * @param socketPath absolute path of a socket that belongs to the interface
     * @param pciId the PCI device behind the interface
     */
    public record Interface(String name, String mac, int mtu, String sandbox, String socketPath, String pciId) {
        public Interface(String name, String mac, int mtu, String sandbox) {
            this(name, mac, mtu, sandbox, "", "");
        }
    }

    /**
     * An address.
     *
     * @param address the address with its prefix length
     * @param gateway the default gateway of its subnet
     * @param interfaceIndex position in {@link Result#interfaces}, null if the address is on none of them
     */
    public record Ip(
            IpPrefix address,
            @Nullable IpAddress gateway,
            @Nullable Integer interfaceIndex) {}

    /**
     * A route.
     *
     * @param destination where to
     * @param gateway the next hop
     * @param mtu bytes; 0 if unset
     * @param advmss the TCP segment size to advertise, bytes; 0 if unset
     * @param priority lower is preferred; 0 if unset
     * @param table the routing table, null for the main one
     * @param scope as the kernel counts: 0 global, 253 link, 254 host; null if unset
     */
    public record Route(
            IpPrefix destination,
            @Nullable IpAddress gateway,
            int mtu,
            int advmss,
            long priority,
            @Nullable Long table,
            @Nullable Integer scope) {
        public Route(IpPrefix destination, @Nullable IpAddress gateway) {
            this(destination, gateway, 0, 0, 0, null, null);
        }
    }
}
