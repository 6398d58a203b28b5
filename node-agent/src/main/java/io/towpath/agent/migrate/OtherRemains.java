package io.towpath.agent.migrate;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.ipset.IpSets;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkKind;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What another network's agents have left in the kernel of this node. All that is not told by their names stays. */
final class OtherRemains {
    /** How often a set is tried whose rule was deleted a moment ago, and the time between. */
    private static final int ATTEMPTS = 100;

    private static final long PAUSE_MILLIS = 10;

    /** Calico's last is for what its pods ask by ARP. */
    private static final Set<Family> FAMILIES = Set.of(Family.IPV4, Family.IPV6, Family.ARP);

    private final OtherNetwork network;
    private final boolean dryRun;

    /** @param dryRun whether only to tell what there is */
    OtherRemains(OtherNetwork network, boolean dryRun) {
        this.network = network;
        this.dryRun = dryRun;
    }

    /**
     * Removes rules, tables and sets. What leads packets goes before what they are looked up in.
     *
     * @param ports whose host ports go
     * @param slices this node's
     */
    List<Part> clearFilters(PodPorts ports, List<IpPrefix> slices, String lockFile) throws LinuxException {
        List<Part> parts = new ArrayList<>();
        try (Nft nft = Nft.open();
                NetNs own = NetNs.own();
                IpSets sets = IpSets.open(own)) {
            parts.addAll(Iptables.clear(network, ports, nft, lockFile, dryRun));
            Part.add(parts, "nftables", tables(nft));
            Part.add(parts, "nftables " + PortmapTable.NAME, PortmapTable.clear(nft, ports, slices, dryRun));
            Part.add(parts, "ipset", sets(sets));
        }
        return parts;
    }

    /** Whether its agent has put its policies in force, or has none. */
    boolean isInForce(String lockFile) throws LinuxException {
        String chain = network.policyChain();
        if (chain.isEmpty()) {
            return true;
        }
        try (Nft nft = Nft.open()) {
            return Iptables.forwardsTo(chain, nft, lockFile) || forwardsTo(chain, nft);
        }
    }

    /** In tables of its own it names its chains by iptables' table and chain. */
    private boolean forwardsTo(String chain, Nft nft) throws NetlinkException {
        for (Table table : nft.tables()) {
            if (network.ownsTable(table.name())
                    && nft.rules(table).stream()
                            .map(NftRule::read)
                            .anyMatch(rule -> Iptables.leadsTo(rule, "filter-FORWARD", "filter-" + chain))) {
                return true;
            }
        }
        return false;
    }

    private List<String> tables(Nft nft) throws NetlinkException {
        List<String> names = new ArrayList<>();
        for (Table table : nft.tables()) {
            if (FAMILIES.contains(table.family()) && network.ownsTable(table.name())) {
                if (!dryRun) {
                    delete(nft, table);
                }
                names.add(table.toString());
            }
        }
        return names;
    }

    private static void delete(Nft nft, Table table) throws NetlinkException {
        try {
            nft.commit(new Transaction().delete(table));
        } catch (NetlinkException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private List<String> sets(IpSets sets) throws LinuxException {
        List<String> names = new ArrayList<>();
        for (String name : sets.names()) {
            if (network.ownsSet(name)) {
                if (!dryRun) {
                    destroy(sets, name);
                }
                names.add(name);
            }
        }
        return names;
    }

    private static void destroy(IpSets sets, String name) throws LinuxException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (sets.destroy(name)) {
                return;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new LinuxException(
                "ipset destroy " + name,
                Errno.EBUSY,
                "a rule still uses it: \"nft list ruleset\" and iptables-save show it");
    }

    /** The links of pods that hang on one of its bridges. */
    List<String> pods(Rtnl rtnl) throws NetlinkException {
        List<Link> links = rtnl.links();
        List<Integer> bridges =
                links.stream().filter(network::ownsLink).map(Link::index).toList();
        return links.stream()
                .filter(link -> bridges.contains(link.masterIndex()) && link.kind() instanceof LinkKind.Veth)
                .map(Link::name)
                .toList();
    }

    /**
     * Has pods on its bridges find those of the same subnet that are not: the node answers for them, as its routes lead to them. Of IPv4
     * alone; for IPv6 the kernel would have to be told of each.
     */
    void answerForOthers(Rtnl rtnl) throws NetlinkException {
        for (Link link : rtnl.links()) {
            if (network.ownsLink(link) && !dryRun) {
                rtnl.apply(new Batch().setLink(LinkChange.of(link.index()).with(Ipv4Devconf.PROXY_ARP, 1)));
            }
        }
    }

    /** Removes its links, and with a bridge its address and route. */
    List<Part> clearLinks(Rtnl rtnl) throws NetlinkException {
        List<String> names = new ArrayList<>();
        for (Link link : rtnl.links()) {
            if (network.ownsLink(link)) {
                if (!dryRun) {
                    rtnl.apply(new Batch().deleteLink(link.index()));
                }
                names.add(link.name());
            }
        }
        List<Part> parts = new ArrayList<>();
        Part.add(parts, "link", names);
        return parts;
    }
}
