package io.towpath.cni.sources;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The table {@code netdev towpath-sources}: a chain for each pod's link, named as the link. */
public final class SourceTable {
    /** The table's name, in family netdev. */
    public static final String NAME = "towpath-sources";

    static final Table TABLE = Table.of(Family.NETDEV, NAME);

    private SourceTable() {}

    /**
     * Lets a pod send from its addresses alone, whatever there was for a link of this name. In force when this returns.
     *
     * @throws NetlinkException if the kernel refuses, as one without ingress hooks (CONFIG_NF_TABLES_NETDEV) does; then all is as
     *     it was
     */
    public static void admit(Nft nft, Sources sources) throws NetlinkException {
        Chain chain = sources.chain();
        try {
            nft.commit(with(sources, new Transaction().add(TABLE).create(chain)));
        } catch (NetlinkException e) {
            // The latter of a chain of the name that others made without a hook.
            if (!e.is(Errno.EEXIST) && !e.is(Errno.EOPNOTSUPP)) {
                throw e;
            }
            // A newer kernel keeps the chain of a link that is gone, and has it at work for the next one of the name.
            // Deleted only here: who has deleted waits for all processors when he leaves nftables.
            nft.commit(with(
                    sources,
                    new Transaction()
                            .add(TABLE)
                            .add(chain.nameOnly())
                            .delete(chain)
                            .add(chain)));
        }
    }

    private static Transaction with(Sources sources, Transaction transaction) {
        sources.rules().forEach(transaction::append);
        return transaction;
    }

    /**
     * The chain of a link, to be removed when the link is gone.
     *
     * @return null if there is none, or no nftables
     */
    public static @Nullable Chain find(Nft nft, String link) throws NetlinkException {
        try {
            return nft.find(Chain.of(TABLE, link));
        } catch (NetlinkException e) {
            if (isWithoutTables(e)) {
                return null;
            }
            throw e;
        }
    }

    /** Removes what {@link #find} found, if it is still there: older kernels remove it with the link. */
    public static void remove(Nft nft, @Nullable Chain chain) throws NetlinkException {
        if (chain == null) {
            return;
        }
        try {
            nft.commit(new Transaction().deleteSame(chain));
        } catch (NetlinkException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    /** All chains of the table; none if there is no such table, or no nftables. */
    static List<Chain> chains(Nft nft) throws NetlinkException {
        try {
            return nft.chains(TABLE);
        } catch (NetlinkException e) {
            if (isWithoutTables(e)) {
                return List.of();
            }
            throw e;
        }
    }

    /** What chains say, by their names; those that nobody here would have made are left out. */
    static Map<String, Sources> read(Nft nft, List<Chain> chains) throws NetlinkException {
        Map<String, List<Rule>> rules = new HashMap<>();
        for (Rule rule : chains.isEmpty() ? List.<Rule>of() : nft.rules(TABLE)) {
            rules.computeIfAbsent(rule.chain(), _ -> new ArrayList<>()).add(rule);
        }
        Map<String, Sources> known = new HashMap<>();
        for (Chain chain : chains) {
            Sources sources = Sources.read(chain, rules.getOrDefault(chain.name(), List.of()));
            if (sources != null) {
                known.put(chain.name(), sources);
            }
        }
        return known;
    }

    /** How many packets were dropped that came in by a link with another source than its pod's: by links that any was dropped of. */
    public static Map<String, Long> dropped(Nft nft) throws NetlinkException {
        Map<String, Long> dropped = new HashMap<>();
        for (Rule rule : chains(nft).isEmpty() ? List.<Rule>of() : nft.rules(TABLE)) {
            for (Expression step : rule.expressions()) {
                if (step instanceof Expression.Counter counter && counter.packets() > 0) {
                    dropped.merge(rule.chain(), counter.packets(), Long::sum);
                }
            }
        }
        return dropped;
    }

    /** Removes the chains of links that are gone. */
    public static void sweep(Nft nft, Rtnl host) throws NetlinkException {
        // Before the links: a chain comes after its link.
        List<Chain> chains = chains(nft);
        if (chains.isEmpty()) {
            return;
        }
        Set<String> links = new HashSet<>();
        host.links().forEach(link -> links.add(link.name()));
        for (Chain chain : chains) {
            if (!links.contains(chain.name())) {
                remove(nft, chain);
            }
        }
    }

    /** What a kernel says in which nobody has registered for nftables. */
    private static boolean isWithoutTables(NetlinkException e) {
        return e.is(Errno.EINVAL) || e.is(Errno.EPROTONOSUPPORT);
    }
}
