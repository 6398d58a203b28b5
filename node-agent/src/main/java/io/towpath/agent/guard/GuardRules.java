package io.towpath.agent.guard;

import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.overlay.DesiredOverlay;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How the node's table must be.
 *
 * <p>Every rule has its family in it by an address, and so the two families' rules stand side by side in the same chains.
 */
final class GuardRules {
    /** The table; nobody else has one of this name. */
    static final Table TABLE = Table.inet(Guard.TABLE_NAME);

    /** The bit by which kube-proxy marks packets that it will masquerade by itself. */
    private static final int KUBE_PROXY_MARK = 0x4000;

    private static final IpPrefix MULTICAST_V4 = IpPrefix.parse("224.0.0.0/4");
    private static final IpPrefix MULTICAST_V6 = IpPrefix.parse("ff00::/8");
    private static final String PODS = EndpointName.PREFIX + "*";

    /** Before the usual filters, so that none of them accepts what is refused here, and none is asked in vain. */
    private static final int GUARD_PRIORITY = Chain.FILTER - 10;

    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, GUARD_PRIORITY);
    private static final Chain GUARD_FORWARD =
            Chain.base(TABLE, "guard-forward", "filter", Hook.FORWARD, GUARD_PRIORITY);
    private static final Chain FORWARD = Chain.base(TABLE, "forward", "filter", Hook.FORWARD, Chain.FILTER);
    private static final Chain POSTROUTING = Chain.base(TABLE, "postrouting", "nat", Hook.POSTROUTING, Chain.SRCNAT);

    private final DesiredOverlay overlay;
    private final GuardPolicy policy;
    private final List<Rule> rules = new ArrayList<>();

    private GuardRules(DesiredOverlay overlay, GuardPolicy policy) {
        this.overlay = overlay;
        this.policy = policy;
    }

    /** The table for an overlay. */
    static Ruleset of(DesiredOverlay overlay, GuardPolicy policy) {
        return new GuardRules(overlay, policy).ruleset();
    }

    private Ruleset ruleset() {
        List<Chain> chains = new ArrayList<>(List.of(INPUT, GUARD_FORWARD, FORWARD));
        Map<NftSet, Set<Element>> sets = new LinkedHashMap<>();
        for (DesiredOverlay.Device device : overlay.devices()) {
            NftSet peers = set("peers", device.ipv6());
            NftSet nodes = set("nodes", device.ipv6());
            Set<Element> remotes = new HashSet<>();
            device.peers().forEach(peer -> remotes.add(Element.of(Value.of(peer.remote()))));
            Set<Element> all = new HashSet<>(remotes);
            IpAddress own = overlay.self().address(device.ipv6());
            if (own != null) {
                all.add(Element.of(Value.of(own)));
            }
            sets.put(peers, remotes);
            sets.put(nodes, all);
            guard(device, peers, nodes);
        }
        for (DesiredOverlay.Device device : overlay.devices()) {
            forward(device.network());
        }
        if (policy.masquerade()) {
            chains.add(POSTROUTING);
            // First of all, for both families.
            rules.add(
                    Rule.in(POSTROUTING).mark(KUBE_PROXY_MARK, KUBE_PROXY_MARK).returns());
            for (DesiredOverlay.Device device : overlay.devices()) {
                masquerade(device, set("nodes", device.ipv6()));
            }
        }
        return new Ruleset(TABLE, chains, rules, sets);
    }

    private static NftSet set(String name, boolean ipv6) {
        return NftSet.set(TABLE, name + (ipv6 ? "6" : "4"), ipv6 ? DataType.IPV6 : DataType.IPV4);
    }

    /**
     * Tunnel packets come from peers, and neither from a pod nor through the tunnel itself: whatever address their sender
     * gives, a frame in them would appear in the overlay as if a node had sent it. A pod could send them to another node, too,
     * with its packets masqueraded as this node's.
     */
    private void guard(DesiredOverlay.Device device, NftSet peers, NftSet nodes) {
        int port = device.attributes().port();
        boolean ipv6 = device.ipv6();
        Field source = ipv6 ? Field.IP6_SADDR : Field.IP_SADDR;
        Field destination = ipv6 ? Field.IP6_DADDR : Field.IP_DADDR;
        if (device.equals(overlay.devices().getFirst())) {
            rules.add(Rule.in(INPUT).iifname(PODS).udp().dport(port).drop());
        }
        rules.add(Rule.in(INPUT).iifname(device.name()).udp().dport(port).drop());
        rules.add(Rule.in(INPUT).in(peers, source).udp().dport(port).accept());
        if (device.equals(overlay.devices().getLast())) {
            // A family without a device has no tunnel packets at all.
            rules.add(Rule.in(INPUT).udp().dport(port).drop());
        }
        rules.add(Rule.in(GUARD_FORWARD)
                .iifname(PODS)
                .in(nodes, destination)
                .udp()
                .dport(port)
                .drop());
    }

    private void forward(IpPrefix network) {
        rules.add(Rule.in(FORWARD).saddr(network).accept());
        rules.add(Rule.in(FORWARD).daddr(network).accept());
    }

    /** In flannel's order; the fourth rule keeps the sources of all that comes to this node's own pods. */
    private void masquerade(DesiredOverlay.Device device, NftSet nodes) {
        IpPrefix network = device.network();
        IpPrefix slice = device.slice();
        rules.add(Rule.in(POSTROUTING).saddr(slice).daddr(network).returns());
        rules.add(Rule.in(POSTROUTING).saddr(network).daddr(slice).returns());
        rules.add(Rule.in(POSTROUTING).saddrNot(network).daddr(slice).returns());
        if (!policy.masqueradeToNodes()) {
            Field destination = device.ipv6() ? Field.IP6_DADDR : Field.IP_DADDR;
            rules.add(Rule.in(POSTROUTING).saddr(network).in(nodes, destination).returns());
        }
        rules.add(Rule.in(POSTROUTING)
                .saddr(network)
                .daddrNot(device.ipv6() ? MULTICAST_V6 : MULTICAST_V4)
                .masquerade(true));
        rules.add(Rule.in(POSTROUTING).saddrNot(network).daddr(network).masquerade(true));
    }
}
