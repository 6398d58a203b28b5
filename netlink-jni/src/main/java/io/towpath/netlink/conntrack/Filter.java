package io.towpath.netlink.conntrack;

import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Rtnetlink;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which connections are meant: those that agree in all that is said.
 *
 * @param family {@code AF_INET}, {@code AF_INET6}, or {@code AF_UNSPEC} for both
 * @param protocol the number of the protocol above IP, 0 for all
 * @param originalDestination where the first packet was sent to, null for anywhere
 * @param originalPort the port it was sent to, 0 for any
 * @param replySource who answers, null for anybody: the address behind a translated destination
 * @param replyPort the port that answers, 0 for any
 */
public record Filter(
        int family,
        int protocol,
        @Nullable IpAddress originalDestination,
        int originalPort,
        @Nullable IpAddress replySource,
        int replyPort)
        implements Predicate<Connection> {
    /** All connections. */
    public static Filter all() {
        return new Filter(Rtnetlink.AF_UNSPEC, 0, null, 0, null, 0);
    }

    public Filter withFamily(int newFamily) {
        return new Filter(newFamily, protocol, originalDestination, originalPort, replySource, replyPort);
    }

    public Filter withProtocol(int newProtocol) {
        return new Filter(family, newProtocol, originalDestination, originalPort, replySource, replyPort);
    }

    /** Connections that were made to an address and, if it is not 0, a port. */
    public Filter to(@Nullable IpAddress address, int port) {
        return new Filter(family, protocol, address, port, replySource, replyPort);
    }

    /** Connections that an address and, if it is not 0, a port answers. */
    public Filter answeredBy(@Nullable IpAddress address, int port) {
        return new Filter(family, protocol, originalDestination, originalPort, address, port);
    }

    @Override
    public boolean test(Connection connection) {
        Flow original = connection.original();
        Flow reply = connection.reply();
        int itsFamily = original.source().ipv6() ? Rtnetlink.AF_INET6 : Rtnetlink.AF_INET;
        return (family == Rtnetlink.AF_UNSPEC || family == itsFamily)
                && (protocol == 0 || protocol == original.protocol())
                && (originalDestination == null || originalDestination.equals(original.destination()))
                && (originalPort == 0 || originalPort == original.destinationPort())
                && (replySource == null || replySource.equals(reply.source()))
                && (replyPort == 0 || replyPort == reply.sourcePort());
    }
}
