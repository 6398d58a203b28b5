package io.towpath.cni.ports;

import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NfTables;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The table {@code inet towpath-hostports} as it must be, and what is in it. */
final class HostPortTable {
    static final Table TABLE = Table.inet("towpath-hostports");

    static final IpPrefix LOOPBACK_V4 = IpPrefix.parse("127.0.0.0/8");
    static final IpPrefix LOOPBACK_V6 = IpPrefix.host(IpAddress.parse("::1"));
    private static final String LOOPBACK_DEVICE = "lo";
    private static final String PODS = EndpointName.PREFIX + "*";

    private static final NftSet IPV4 = map("ipv4", DataType.IPV4, DataType.PROTOCOL, DataType.PORT);
    private static final NftSet IPV4_ADDRESS =
            map("ipv4-address", DataType.IPV4, DataType.PROTOCOL, DataType.IPV4, DataType.PORT);
    private static final NftSet IPV6 = map("ipv6", DataType.IPV6, DataType.PROTOCOL, DataType.PORT);
    private static final NftSet IPV6_ADDRESS =
            map("ipv6-address", DataType.IPV6, DataType.PROTOCOL, DataType.IPV6, DataType.PORT);
    private static final NftSet HAIRPIN_IPV4 = NftSet.set(TABLE, "hairpin-ipv4", DataType.IPV4, DataType.IPV4);
    private static final NftSet HAIRPIN_IPV6 = NftSet.set(TABLE, "hairpin-ipv6", DataType.IPV6, DataType.IPV6);

    /** One number, another after every change of ours: what a transaction was made for is there as long as the number is. */
    static final NftSet REVISION = NftSet.set(TABLE, "revision", DataType.MARK).withSize(1);

    /** The sets of entries. */
    static final List<NftSet> SETS = List.of(IPV4, IPV4_ADDRESS, IPV6, IPV6_ADDRESS, HAIRPIN_IPV4, HAIRPIN_IPV6);

    /** Before everybody else's: whatever else is on the node, a pod's port leads to the pod. */
    private static final int BEFORE_OTHERS = -5;

    private static final Chain PREROUTING =
            Chain.base(TABLE, "prerouting", "nat", Hook.PREROUTING, Chain.DSTNAT + BEFORE_OTHERS);
    private static final Chain OUTPUT = Chain.base(TABLE, "output", "nat", Hook.OUTPUT, Chain.DSTNAT + BEFORE_OTHERS);
    private static final Chain POSTROUTING =
            Chain.base(TABLE, "postrouting", "nat", Hook.POSTROUTING, Chain.SRCNAT + BEFORE_OTHERS);
    private static final Chain PORTS = Chain.of(TABLE, "ports");

    /** Those that jump before the one that is jumped to. */
    private static final List<Chain> CHAINS = List.of(PREROUTING, OUTPUT, POSTROUTING, PORTS);

    private static final List<Rule> RULES = List.of(
            // Pods' links route these addresses, so that the node's own connections by them reach the pods: nobody else
            // may use that.
            Rule.in(PREROUTING).iifnameNot(LOOPBACK_DEVICE).daddr(LOOPBACK_V4).drop(),
            Rule.in(PREROUTING).fibDaddrLocal().jump(PORTS),
            // The kernel has no way back for what is from ::1: refused is better than never answered.
            Rule.in(OUTPUT).saddr(LOOPBACK_V6).returns(),
            Rule.in(OUTPUT).fibDaddrLocal().jump(PORTS),
            Rule.in(POSTROUTING)
                    .ctStatus(NfTables.IPS_DST_NAT)
                    .in(HAIRPIN_IPV4, Field.IP_SADDR, Field.IP_DADDR)
                    .masquerade(false),
            Rule.in(POSTROUTING)
                    .ctStatus(NfTables.IPS_DST_NAT)
                    .in(HAIRPIN_IPV6, Field.IP6_SADDR, Field.IP6_DADDR)
                    .masquerade(false),
            Rule.in(POSTROUTING)
                    .ctStatus(NfTables.IPS_DST_NAT)
                    .saddr(LOOPBACK_V4)
                    .oifname(PODS)
                    .masquerade(false),
            Rule.in(PORTS).dnat(IPV4_ADDRESS, Field.L4PROTO, Field.IP_DADDR, Field.DPORT),
            Rule.in(PORTS).nfproto(Family.IPV4).dnat(IPV4, Field.L4PROTO, Field.DPORT),
            Rule.in(PORTS).dnat(IPV6_ADDRESS, Field.L4PROTO, Field.IP6_DADDR, Field.DPORT),
            Rule.in(PORTS).nfproto(Family.IPV6).dnat(IPV6, Field.L4PROTO, Field.DPORT));

    private HostPortTable() {}

    private static NftSet map(String name, DataType pod, DataType... key) {
        return NftSet.map(TABLE, name, List.of(key), List.of(pod, DataType.PORT));
    }

    /** The map of ports of one of the node's addresses, or of all of a family. */
    static NftSet map(boolean ipv6, boolean ofOneAddress) {
        if (ofOneAddress) {
            return ipv6 ? IPV6_ADDRESS : IPV4_ADDRESS;
        }
        return ipv6 ? IPV6 : IPV4;
    }

    /** The set of the addresses, twice, of the pods that have ports: what comes from one and goes to the same. */
    static NftSet hairpin(boolean ipv6) {
        return ipv6 ? HAIRPIN_IPV6 : HAIRPIN_IPV4;
    }

    /** Whether table, sets, chains and rules are as they must be. */
    static boolean stands(Nft nft) throws NetlinkException {
        Table table = nft.find(TABLE);
        if (table == null || table.dormant()) {
            return false;
        }
        List<NftSet> sets = nft.sets(TABLE);
        List<Chain> chains = nft.chains(TABLE);
        for (NftSet set : SETS) {
            if (!isAmong(set, sets)) {
                return false;
            }
        }
        for (Chain chain : CHAINS) {
            Chain other = find(chains, chain);
            if (other == null || !Objects.equals(chain.base(), other.base())) {
                return false;
            }
        }
        List<Rule> rules = nft.rules(TABLE);
        for (Chain chain : CHAINS) {
            if (!Rule.areSame(of(RULES, chain), of(rules, chain))) {
                return false;
            }
        }
        return true;
    }

    static boolean isAmong(NftSet set, List<NftSet> sets) {
        for (NftSet other : sets) {
            if (set.name().equals(other.name())
                    && set.key().equals(other.key())
                    && set.data().equals(other.data())
                    && set.flags() == other.flags()) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Chain find(List<Chain> chains, Chain wanted) {
        for (Chain chain : chains) {
            if (chain.name().equals(wanted.name())) {
                return chain;
            }
        }
        return null;
    }

    private static List<Rule> of(List<Rule> rules, Chain chain) {
        return rules.stream().filter(rule -> rule.chain().equals(chain.name())).toList();
    }

    /**
     * Makes table, sets, chains and rules what they must be, whatever they are.
     *
     * @param kept what is in the sets and is to stay there
     */
    static void build(Transaction transaction, Nft nft, List<Entry> kept) throws NetlinkException {
        Table table = nft.find(TABLE);
        boolean anew = table != null && table.dormant();
        if (anew) {
            transaction.delete(TABLE);
        }
        List<Chain> present = anew ? List.of() : nft.chains(TABLE);
        transaction.add(TABLE);
        SETS.forEach(transaction::add);
        for (Chain chain : CHAINS) {
            Chain other = find(present, chain);
            if (other != null && !Objects.equals(chain.base(), other.base())) {
                transaction.delete(other);
            }
            transaction.add(chain).flush(chain);
        }
        RULES.forEach(transaction::append);
        if (anew) {
            create(transaction, kept);
        }
    }

    static void create(Transaction transaction, List<Entry> entries) {
        for (NftSet set : SETS) {
            transaction.create(set, elements(set, entries));
        }
    }

    static void delete(Transaction transaction, List<Entry> entries) {
        for (NftSet set : SETS) {
            transaction.delete(set, elements(set, entries));
        }
    }

    private static List<Element> elements(NftSet set, List<Entry> entries) {
        List<Element> elements = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.set().equals(set)) {
                elements.add(entry.element());
            }
        }
        return elements;
    }
}
