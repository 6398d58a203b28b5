package io.towpath.agent.migrate;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables {@code ip cni_hostport} and {@code ip6 cni_hostport} of the reference plugin portmap with its nftables backend. A rule's
 * comment is the container's ID, and tells no network: those of other networks' containers are told by their addresses.
 */
final class PortmapTable {
    static final String NAME = "cni_hostport";

    private static final int ATTEMPTS = 100;

    private PortmapTable() {}

    /**
     * Removes the rules of containers that are gone, and the table when it has none for anybody.
     *
     * @param slices where the network's containers have their addresses from
     * @return what was removed, or would be
     */
    static List<String> clear(Nft nft, PodPorts ports, List<IpPrefix> slices, boolean dryRun) throws NetlinkException {
        List<String> names = new ArrayList<>();
        for (Family family : List.of(Family.IPV4, Family.IPV6)) {
            names.addAll(clear(nft, Table.of(family, NAME), ports, slices, dryRun));
        }
        return names;
    }

    private static List<String> clear(Nft nft, Table table, PodPorts ports, List<IpPrefix> slices, boolean dryRun)
            throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            Transaction transaction = new Transaction(nft.generation());
            List<Rule> ofPods = nft.rules(table).stream()
                    .filter(rule -> !rule.comment().isEmpty())
                    .toList();
            List<Rule> dead = ofPods.stream()
                    .filter(rule -> !ports.isLive().test(rule.comment()) && isOf(rule, slices))
                    .toList();
            dead.forEach(transaction::delete);
            if (!dead.isEmpty() && dead.size() == ofPods.size()) {
                transaction.delete(table);
            }
            try {
                if (!dryRun && !dead.isEmpty()) {
                    nft.commit(transaction);
                }
                return dead.stream()
                        .map(rule -> table.family() + " " + rule.chain() + " of container " + rule.comment())
                        .distinct()
                        .toList();
            } catch (NetlinkException e) {
                if (attempt == ATTEMPTS || !e.is(Errno.ERESTART)) {
                    throw e;
                }
            }
        }
    }

    private static boolean isOf(Rule rule, List<IpPrefix> slices) {
        for (Expression expression : rule.expressions()) {
            Value value = switch (expression) {
                case Expression.Immediate immediate -> immediate.value();
                case Expression.Cmp cmp -> cmp.value();
                default -> null;
            };
            if (value != null && (value.length() == 4 || value.length() == 16)) {
                IpAddress address = IpAddress.of(value.bytes());
                if (slices.stream().anyMatch(slice -> slice.contains(address))) {
                    return true;
                }
            }
        }
        return false;
    }
}
