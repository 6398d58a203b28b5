package io.towpath.agent.migrate;

import io.towpath.linux.Errno;
import io.towpath.linux.FileLock;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.xtables.XRule;
import io.towpath.netlink.xtables.XTable;
import io.towpath.netlink.xtables.XTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The rules of iptables, of both its variants and both families: each table changes in one step, or not. */
final class Iptables {
    private static final String FILTER = "filter";
    private static final String FORWARD = "FORWARD";

    /** Those that iptables-nft has in nftables. */
    private static final Set<String> TABLES = Set.of(FILTER, "nat", "mangle", "raw", "security");

    /** Each attempt that fails means that somebody else has changed something. */
    private static final int ATTEMPTS = 100;

    private final OtherNetwork network;
    private final PodPorts ports;
    private final String lockFile;
    private final boolean dryRun;
    private final List<Part> parts = new ArrayList<>();

    private Iptables(OtherNetwork network, PodPorts ports, String lockFile, boolean dryRun) {
        this.network = network;
        this.ports = ports;
        this.lockFile = lockFile;
        this.dryRun = dryRun;
    }

    /**
     * Removes what another network has.
     *
     * @param lockFile {@link XTables#LOCK}
     * @param dryRun whether only to tell what there is
     */
    static List<Part> clear(OtherNetwork network, PodPorts ports, Nft nft, String lockFile, boolean dryRun)
            throws LinuxException {
        Iptables iptables = new Iptables(network, ports, lockFile, dryRun);
        for (Table table : nft.tables()) {
            boolean isIp = table.family() == Family.IPV4 || table.family() == Family.IPV6;
            if (isIp && TABLES.contains(table.name())) {
                iptables.clear(nft, table);
            }
        }
        iptables.clearLegacy(false);
        iptables.clearLegacy(true);
        return iptables.parts;
    }

    /**
     * Whether its chain FORWARD of table filter, of either variant or family, leads to a chain that begins so.
     *
     * @param lockFile {@link XTables#LOCK}
     */
    static boolean forwardsTo(String prefix, Nft nft, String lockFile) throws LinuxException {
        for (Table table : nft.tables()) {
            boolean isIp = table.family() == Family.IPV4 || table.family() == Family.IPV6;
            List<Rule> rules = isIp && table.name().equals(FILTER) ? nft.rules(table) : List.of();
            if (rules.stream().map(NftRule::read).anyMatch(rule -> leadsTo(rule, FORWARD, prefix))) {
                return true;
            }
        }
        return forwardsToLegacy(prefix, false, lockFile) || forwardsToLegacy(prefix, true, lockFile);
    }

    private static boolean forwardsToLegacy(String prefix, boolean ipv6, String lockFile) throws LinuxException {
        if (!XTables.names(ipv6).contains(FILTER)) {
            return false;
        }
        try (FileLock _ = FileLock.acquire(lockFile);
                XTables tables = XTables.open(ipv6)) {
            return tables.read(FILTER).rules().stream().anyMatch(rule -> leadsTo(rule, FORWARD, prefix));
        }
    }

    /** Whether a rule of a chain leads to one that begins so. */
    static boolean leadsTo(XRule rule, String chain, String prefix) {
        return rule.chain().equals(chain) && rule.jump().startsWith(prefix);
    }

    private void clear(Nft nft, Table table) throws NetlinkException {
        String program = table.family() == Family.IPV4 ? "iptables-nft " : "ip6tables-nft ";
        for (int attempt = 1; ; attempt++) {
            Transaction transaction = new Transaction(nft.generation());
            RuleChoice choice = choose(nft, table, transaction);
            try {
                if (!choice.isEmpty() && !dryRun) {
                    nft.commit(transaction);
                }
                Part.add(parts, program + table.name(), choice.names());
                return;
            } catch (NetlinkException e) {
                if (attempt == ATTEMPTS || !e.is(Errno.ERESTART)) {
                    throw e;
                }
            }
        }
    }

    private RuleChoice choose(Nft nft, Table table, Transaction transaction) throws NetlinkException {
        List<Chain> chains = nft.chains(table);
        List<Rule> rules = nft.rules(table);
        List<String> own = chains.stream()
                .filter(chain -> chain.base() == null)
                .map(Chain::name)
                .toList();
        List<XRule> read = rules.stream().map(NftRule::read).toList();
        RuleChoice choice = RuleChoice.of(network, ports, own, read);
        for (int i = 0; i < rules.size(); i++) {
            if (choice.rules().contains(read.get(i))) {
                transaction.delete(rules.get(i));
            }
        }
        // They lead to each other.
        choice.chains().forEach(name -> transaction.flush(Chain.of(table, name)));
        choice.chains().forEach(name -> transaction.delete(Chain.of(table, name)));
        return choice;
    }

    private void clearLegacy(boolean ipv6) throws LinuxException {
        List<String> names = XTables.names(ipv6);
        if (names.isEmpty()) {
            return;
        }
        try (FileLock _ = FileLock.acquire(lockFile);
                XTables tables = XTables.open(ipv6)) {
            for (String name : names) {
                clear(tables, name, ipv6 ? "ip6tables-legacy " : "iptables-legacy ");
            }
        }
    }

    private void clear(XTables tables, String name, String program) throws LinuxException {
        for (int attempt = 1; ; attempt++) {
            try {
                XTable table = tables.read(name);
                RuleChoice choice = RuleChoice.of(network, ports, table.chains(), table.rules());
                if (!choice.isEmpty() && !dryRun) {
                    tables.remove(table, choice.chains(), choice.rules());
                }
                Part.add(parts, program + name, choice.names());
                return;
            } catch (LinuxException e) {
                if (attempt == ATTEMPTS || !e.is(Errno.EAGAIN)) {
                    throw e;
                }
            }
        }
    }
}
