package io.towpath.agent.firewall;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The nftables of others, those of iptables-nft among them.
 *
 * @param tables all of IPv4 and IPv6 that are not ours
 * @param links the indexes of the node's interfaces by their names
 */
public record Firewall(List<FilterTable> tables, Map<String, Integer> links) {
    public static final Firewall NONE = new Firewall(List.of(), Map.of());

    private static final String OURS = "towpath-";
    private static final Set<Family> FAMILIES = Set.of(Family.INET, Family.IPV4, Family.IPV6);
    private static final Set<String> OF_IPTABLES = Set.of("filter", "mangle", "raw", "security");
    private static final Set<String> BUILT_IN = Set.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

    public Firewall {
        tables = List.copyOf(tables);
        links = Map.copyOf(links);
    }

    /** Whose rules they are: by whose commands they are changed. */
    public enum Keeper {
        FIREWALLD,
        UFW,
        IPTABLES,
        NFTABLES
    }

    /** Reads them. */
    public static Firewall of(Nft nft, Map<String, Integer> links) throws NetlinkException {
        List<FilterTable> tables = new ArrayList<>();
        for (Table table : nft.tables()) {
            if (!table.name().startsWith(OURS) && FAMILIES.contains(table.family()) && !table.dormant()) {
                tables.add(FilterTable.read(nft, table));
            }
        }
        return new Firewall(tables, links);
    }

    /** Where a packet ends first for sure, else where it may; null if it passes. */
    public @Nullable Fate of(Packet packet) {
        Fate perhaps = null;
        for (Hook hook : packet.hooks()) {
            for (FilterTable table : tables) {
                for (Chain chain : at(hook, table)) {
                    Fate fate = Walk.through(table, chain, packet, links);
                    if (fate != null && fate.isSure()) {
                        return fate;
                    }
                    perhaps = perhaps == null ? fate : perhaps;
                }
            }
        }
        return perhaps;
    }

    private static List<Chain> at(Hook hook, FilterTable table) {
        return table.chains().values().stream()
                .filter(chain -> {
                    Chain.Base base = chain.base();
                    return base != null && base.hook() == hook && base.type().equals("filter");
                })
                .sorted(Comparator.comparing(Chain::name))
                .toList();
    }

    /** Whose a chain is. */
    public Keeper keeper(Chain chain) {
        Set<String> names = tables.stream()
                .filter(table -> table.table().isSame(chain.table()))
                .findFirst()
                .map(table -> table.chains().keySet())
                .orElse(Set.of());
        if (chain.table().name().equals("firewalld") || names.contains("INPUT_ZONES")) {
            return Keeper.FIREWALLD;
        }
        if (names.stream().anyMatch(name -> name.startsWith("ufw-") || name.startsWith("ufw6-"))) {
            return Keeper.UFW;
        }
        boolean isOfIptables = OF_IPTABLES.contains(chain.table().name()) && BUILT_IN.contains(chain.name());
        return isOfIptables ? Keeper.IPTABLES : Keeper.NFTABLES;
    }
}
