package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Connection;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.conntrack.Filter;
import io.towpath.policy.ruleset.Ruleset;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Forgets connections that a ruleset permits no more: the packets of one that is tracked are accepted without a look at the policies.
 */
public final class Connections {
    private final Conntrack conntrack;
    private final PolicyTable table;

    /**
     * The connections of a network namespace.
     *
     * @param conntrack a session with the namespace; the caller closes it
     * @param table by which they are permitted
     */
    public Connections(Conntrack conntrack, PolicyTable table) {
        this.conntrack = conntrack;
        this.table = table;
    }

    /**
     * Forgets what another ruleset permitted and this one does not, and everything of pods that are there no more, whose addresses
     * others will have. Where nothing became less, nothing is read. To be called when the new ruleset is in force.
     *
     * @param node the addresses of the node itself, whose connections to its pods no policy forbids
     * @return how many there were
     */
    public int forget(Ruleset before, Ruleset after, Set<IpAddress> node) throws NetlinkException {
        Permissions permissions = new Permissions(after);
        Set<IpAddress> narrowed = new Permissions(before).narrowedTo(permissions);
        return narrowed.isEmpty() ? 0 : forget(narrowed, permissions, node);
    }

    /** As the other, of all pods, where it is not known what was permitted before: at the start of a process. */
    public int forget(Ruleset after, Set<IpAddress> node) throws NetlinkException {
        Permissions permissions = new Permissions(after);
        return forget(permissions.addresses(), permissions, node);
    }

    private int forget(Set<IpAddress> pods, Permissions permissions, Set<IpAddress> node) throws NetlinkException {
        // Whoever answers: the pod behind a service's address, as policies see it.
        List<Filter> theirs = pods.stream()
                .flatMap(pod -> Stream.of(Filter.from(pod), Filter.answeredBy(pod)))
                .toList();
        List<Connection> ended = conntrack.list(
                theirs,
                connection -> isOfGone(connection, pods, permissions) || isForbidden(connection, permissions, node));
        // A pod that is gone answers nobody.
        table.cut(ended.stream()
                .filter(connection -> !isOfGone(connection, pods, permissions))
                .map(Connection::reply)
                .filter(flow -> Cuts.revives(flow.protocol()))
                .toList());
        return conntrack.delete(ended);
    }

    private static boolean isOfGone(Connection connection, Set<IpAddress> pods, Permissions permissions) {
        IpAddress from = connection.original().source();
        IpAddress to = connection.reply().source();
        return (pods.contains(from) && !permissions.addresses().contains(from))
                || (pods.contains(to) && !permissions.addresses().contains(to));
    }

    private static boolean isForbidden(Connection connection, Permissions permissions, Set<IpAddress> node) {
        IpAddress from = connection.original().source();
        return !node.contains(from)
                && !permissions.permits(
                        from,
                        connection.reply().source(),
                        connection.original().protocol(),
                        connection.reply().sourcePort());
    }
}
