package io.towpath.agent.firewall;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Hook;
import java.util.List;

/**
 * The first packet of a connection, as far as it is known.
 *
 * @param name what it is to a reader
 * @param hooks where it comes by
 * @param iif the name of the interface that it comes by, empty if the node sends it
 * @param oif of the one that it leaves by, empty if it is for the node
 * @param from its source is one of these
 * @param to its destination is one of these
 * @param protocol IPPROTO_*, of UDP or TCP
 * @param port its destination port
 */
public record Packet(
        String name, List<Hook> hooks, String iif, String oif, IpPrefix from, IpPrefix to, int protocol, int port) {
    public static final int TCP = 6;
    public static final int UDP = 17;

    /** One that the node itself takes. */
    public static Packet toNode(String name, String iif, IpPrefix from, IpPrefix to, int protocol, int port) {
        return new Packet(name, List.of(Hook.PREROUTING, Hook.INPUT), iif, "", from, to, protocol, port);
    }

    /** One that the node itself sends. */
    public static Packet fromNode(String name, String oif, IpPrefix from, IpPrefix to, int protocol, int port) {
        return new Packet(name, List.of(Hook.OUTPUT, Hook.POSTROUTING), "", oif, from, to, protocol, port);
    }

    /** One that the node passes on, by TCP, to a port that nobody has a reason to name. */
    public static Packet forwarded(String name, String iif, String oif, IpPrefix from, IpPrefix to) {
        return new Packet(
                name, List.of(Hook.PREROUTING, Hook.FORWARD, Hook.POSTROUTING), iif, oif, from, to, TCP, ANY_PORT);
    }

    /** A port that no rule is about but those about all. */
    public static final int ANY_PORT = 34567;

    boolean ipv6() {
        return from.address().ipv6();
    }
}
