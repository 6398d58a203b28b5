package io.towpath.cni.sources;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Value;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that a pod's packets may come from by its link, and the chain that lets nothing else in: at the link's ingress,
 * before any protocol sees the packet. The chain tells by itself what it is for.
 *
 * @param link the name of the host's end of the pod's link, and of the chain
 * @param addresses in order, without duplicates; of IPv6 also the link-local one, if it is known
 */
public record Sources(String link, List<IpAddress> addresses) {
    /** Before whatever others have at the link's ingress. */
    private static final int PRIORITY = -500;

    private static final int ICMPV6 = 58;
    private static final long LINK_LOCAL = 0xfe80L << 48;
    private static final IpPrefix UNSPECIFIED = IpPrefix.parse("::/128");

    /** The groups of a link alone, RFC 4291 section 2.7. */
    private static final IpPrefix GROUPS_OF_LINK = IpPrefix.parse("ff02::/16");

    public Sources {
        addresses = List.copyOf(new TreeSet<>(addresses));
    }

    /**
     * Those of a pod.
     *
     * @param addresses the pod's
     * @param mac of the pod's end, by which the kernel gives it a link-local address if it has IPv6; null if it is not known
     */
    public static Sources of(String link, Collection<IpAddress> addresses, @Nullable MacAddress mac) {
        List<IpAddress> all = new ArrayList<>(addresses);
        if (mac != null && addresses.stream().anyMatch(IpAddress::ipv6)) {
            all.add(linkLocal(mac));
        }
        return new Sources(link, all);
    }

    /** RFC 4291 appendix A. */
    private static IpAddress linkLocal(MacAddress mac) {
        byte[] octets = mac.bytes();
        long id = (octets[0] & 0xff) ^ 2;
        for (int i = 1; i < octets.length; i++) {
            id = id << 8 | (octets[i] & 0xff);
            id = i == 2 ? id << 16 | 0xfffe : id;
        }
        return new IpAddress(true, LINK_LOCAL, id);
    }

    /** Whether one of the addresses is among some. */
    boolean hasAny(Collection<IpAddress> some) {
        return addresses.stream().anyMatch(some::contains);
    }

    Chain chain() {
        return Chain.base(SourceTable.TABLE, link, Hook.INGRESS, link, PRIORITY).withDropPolicy(true);
    }

    /** Most packets meet the first of the rules alone. */
    List<Rule> rules() {
        Chain chain = chain();
        List<Rule> rules = new ArrayList<>();
        for (IpAddress address : addresses) {
            rules.add(Rule.in(chain).saddr(IpPrefix.host(address)).accept());
        }
        for (IpAddress address : addresses) {
            if (!address.ipv6()) {
                rules.add(Rule.in(chain).arpSender(address).accept());
            }
        }
        if (addresses.stream().anyMatch(IpAddress::ipv6)) {
            // So an address is tried before it is used, and groups are joined. Nobody answers or forwards this source
            // elsewhere.
            rules.add(Rule.in(chain)
                    .saddr(UNSPECIFIED)
                    .daddr(GROUPS_OF_LINK)
                    .l4proto(ICMPV6)
                    .accept());
        }
        rules.add(Rule.in(chain).counter().drop());
        return rules;
    }

    /** What a chain of the table says; null if it is none that this class would make. */
    static @Nullable Sources read(Chain chain, List<Rule> rules) {
        List<IpAddress> addresses = new ArrayList<>();
        for (Rule rule : rules) {
            IpAddress source = source(rule);
            if (source != null && !UNSPECIFIED.contains(source)) {
                addresses.add(source);
            }
        }
        Sources sources = new Sources(chain.name(), addresses);
        Chain wanted = sources.chain();
        boolean isSame = wanted.hasHookOf(chain) && wanted.hasPolicyOf(chain) && Rule.areSame(sources.rules(), rules);
        return isSame && !addresses.isEmpty() ? sources : null;
    }

    private static @Nullable IpAddress source(Rule rule) {
        for (int i = 0; i + 1 < rule.expressions().size(); i++) {
            if (rule.expressions().get(i) instanceof Payload loaded
                    && rule.expressions().get(i + 1) instanceof Cmp compared
                    && (Field.IP_SADDR.isLoadedBy(loaded) || Field.IP6_SADDR.isLoadedBy(loaded))) {
                return address(compared.value());
            }
        }
        return null;
    }

    private static @Nullable IpAddress address(Value value) {
        return value.length() == 4 || value.length() == 16 ? IpAddress.of(value.bytes()) : null;
    }
}
