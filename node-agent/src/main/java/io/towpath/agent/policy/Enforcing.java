package io.towpath.agent.policy;

import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Conntrack;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.policy.nft.Connections;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import io.towpath.policy.ruleset.Ruleset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the kernel must do of a ruleset: the table, and the connections that are permitted no more. */
final class Enforcing {
    private final Rtnl rtnl;
    private final PolicyTable table;
    private final PolicyTable trial;
    private final Connections connections;
    private @Nullable Ruleset last;

    /** Whether connections may have begun that nobody looked at: while the table was not what it must be, or not there. */
    private boolean wasOpen = true;

    /** It may be, of an agent before. */
    private boolean isTrialThere = true;

    /** @param changed called after others have changed what is ours, by any thread */
    Enforcing(TableManager tables, Conntrack conntrack, Rtnl rtnl, PolicyOptions options, Runnable changed) {
        this.rtnl = rtnl;
        table = new PolicyTable(tables, options, changed);
        trial = new PolicyTable(tables, options.onTrial(), changed);
        connections = new Connections(conntrack, table);
    }

    /**
     * Puts it into force.
     *
     * @param tried with policies of a dry run; null if there are none
     * @throws NetlinkException if that failed; what was in force still is, or what is new and some connections of before live on
     */
    ManagedTable.Outcome enforce(Ruleset ruleset, @Nullable Ruleset tried) throws NetlinkException {
        ManagedTable.Outcome outcome = table.sync(ruleset);
        wasOpen |= outcome.isRepaired();
        if (tried != null) {
            isTrialThere = true;
            trial.sync(tried);
        } else if (isTrialThere) {
            trial.remove();
            isTrialThere = false;
        }
        Ruleset before = last;
        if (before != null) {
            connections.forget(before, ruleset, node());
        }
        if (wasOpen) {
            connections.forget(ruleset, node());
            wasOpen = false;
        }
        last = ruleset;
        return outcome;
    }

    private Set<IpAddress> node() throws NetlinkException {
        Set<IpAddress> addresses = new HashSet<>();
        for (Address each : rtnl.addresses()) {
            addresses.add(each.prefix().address());
        }
        return addresses;
    }

    /** How many packets were denied by and to the pods whose names are given by their links. */
    Map<DenialCounts.Key, Long> denied(Map<String, String> names) throws NetlinkException {
        Map<DenialCounts.Key, Long> denied = new HashMap<>();
        add(table, true, names, denied);
        if (isTrialThere) {
            add(trial, false, names, denied);
        }
        return denied;
    }

    private static void add(
            PolicyTable from, boolean enforced, Map<String, String> names, Map<DenialCounts.Key, Long> to)
            throws NetlinkException {
        from.deniedByLink().forEach((each, packets) -> {
            String name = names.get(each.link());
            if (name != null) {
                to.put(new DenialCounts.Key(name, each.direction(), enforced), packets);
            }
        });
    }

    PolicyTable.Dropped dropped() throws NetlinkException {
        return table.dropped();
    }

    /** What policies of a dry run would have dropped; null if there are none. */
    PolicyTable.@Nullable Dropped tried() throws NetlinkException {
        return isTrialThere ? trial.dropped() : null;
    }
}
