package io.towpath.policy.nft;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.conntrack.Flow;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableTrial;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Ruleset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The table that enforces a ruleset. */
public final class PolicyTable {
    /** The table's name, in family inet. */
    public static final String NAME = "towpath-policy";

    /** The name of the table of a trial. */
    public static final String TRIAL_NAME = "towpath-policy-trial";

    /** The name of a table that is only tried. */
    private static final String SAMPLE_NAME = "towpath-policy-sample";

    private final DesiredTable desiring;
    private final ManagedTable table;

    /**
     * The packets that were dropped since the table was made or last repaired, each counted once.
     *
     * @param ingress by the policies of the pod that they went to, or as no such pod is known
     * @param egress by the policies of the pod that they came from
     * @param strangers that came from no known pod's interface, or not from its address
     * @param invalid that belong to no connection and begin none
     */
    public record Dropped(long ingress, long egress, long strangers, long invalid) {}

    /** Packets of a direction by the node's interface to the pod. */
    public record Denied(String link, Direction direction) {}

    /**
     * A table of a network namespace.
     *
     * @param changed called after others have changed the table, so that a sync is due, by any thread
     */
    public PolicyTable(TableManager tables, PolicyOptions options, Runnable changed) {
        desiring = new DesiredTable(options);
        table = tables.manage(desiring.table(), changed);
    }

    /**
     * Whether the kernel takes such a table, with everything that one may have. Nothing is changed.
     *
     * @return what it refuses; null if it takes all
     * @throws NetlinkException if nftables cannot be asked at all
     */
    public static @Nullable NetlinkException refusal(Nft nft, PolicyOptions options) throws NetlinkException {
        TableLayout layout = new TableLayout(Table.inet(SAMPLE_NAME), options);
        return TableTrial.refusal(nft, new DesiredTable(layout).of(Sample.ruleset()));
    }

    /** Whether the table is in the kernel, whoever made it. */
    public static boolean isThere(Nft nft) throws NetlinkException {
        return nft.find(Table.inet(NAME)) != null;
    }

    /**
     * What is wrong with the part of a table that is the same whatever the policies are, and with what leads to the policies of pods.
     * Changes nothing.
     *
     * @param name {@link #NAME} or {@link #TRIAL_NAME}
     * @param links of the pods that the table must know
     * @return null if nothing is wrong
     */
    public static @Nullable String fault(Nft nft, String name, Collection<String> links) throws NetlinkException {
        TableState there = TableState.read(nft, Table.inet(name));
        return there == null ? "there is no such table" : new TableFault(there, name.equals(NAME)).find(links);
    }

    /**
     * Puts a ruleset into force: all of it at once, or nothing.
     *
     * @throws NetlinkException if the kernel refuses; then the table is as it was
     */
    public ManagedTable.Outcome sync(Ruleset ruleset) throws NetlinkException {
        return table.sync(desiring.of(ruleset));
    }

    /**
     * Has packets dropped, for a day or, by UDP, for some minutes from now on, that would revive connections which are to be forgotten. To be
     * called after a sync.
     *
     * @param flows what is not to begin a connection of TCP, but for a SYN, of SCTP, but for an INIT, or of UDP
     */
    void cut(Collection<Flow> flows) throws NetlinkException {
        Transaction transaction = new Transaction();
        for (boolean ipv6 : new boolean[] {false, true}) {
            List<Element> elements = flows.stream()
                    .filter(flow -> flow.source().ipv6() == ipv6)
                    .map(Cuts::element)
                    .distinct()
                    .toList();
            if (!elements.isEmpty()) {
                // An element that is there already would keep the end that it has; to delete one that is not there
                // would fail.
                NftSet set = desiring.cuts().set(ipv6);
                transaction.add(set, elements).delete(set, elements).add(set, elements);
            }
        }
        table.also(transaction);
    }

    /**
     * Removes the table, if it is there.
     *
     * @return whether there was one
     */
    public boolean remove() throws NetlinkException {
        return table.remove();
    }

    /** What the last sync sent, a line each; empty if nothing. */
    String sent() {
        return table.sent();
    }

    /** What the table has cost until now. */
    public ManagedTable.Work work() {
        return table.work();
    }

    /** What was dropped until now; nothing if there is no table. */
    public Dropped dropped() throws NetlinkException {
        long ingress = 0;
        long egress = 0;
        long strangers = 0;
        long invalid = 0;
        for (Rule rule : table.rules()) {
            long packets = packets(rule);
            switch (desiring.reason(rule)) {
                case INGRESS -> ingress += packets;
                case EGRESS -> egress += packets;
                case STRANGER -> strangers += packets;
                case INVALID -> invalid += packets;
                case NONE -> {}
            }
        }
        return new Dropped(ingress, egress, strangers, invalid);
    }

    /**
     * How many packets were denied, or in a trial would have been, by the interfaces of the pods of the last sync: to the pod, or by
     * egress from it, also with an address that is not its own. A pod's begin at 0 with the pod, and all when the table is made anew.
     *
     * @return nothing if there is no table
     */
    public Map<Denied, Long> deniedByLink() throws NetlinkException {
        return desiring.denials().read(table);
    }

    private static long packets(Rule rule) {
        return rule.expressions().stream()
                .mapToLong(step -> step instanceof Counter counter ? counter.packets() : 0)
                .sum();
    }
}
