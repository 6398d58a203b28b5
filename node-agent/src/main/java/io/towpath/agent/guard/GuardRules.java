package io.towpath.agent.guard;

import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import io.towpath.overlay.DesiredOverlay;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

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

    /** IP_CT_DIR_ORIGINAL. */
    private static final int ORIGINAL = 0;

    private static final int ICMPV6 = 58;

    /** ND_ROUTER_ADVERT. */
    private static final int ROUTER_ADVERTISEMENT = 134;

    private static final IpPrefix MULTICAST_V4 = IpPrefix.parse("224.0.0.0/4");
    private static final IpPrefix MULTICAST_V6 = IpPrefix.parse("ff00::/8");
    private static final String PODS = EndpointName.PREFIX + "*";
    private static final String LOOPBACK = "lo";

    /** Before the usual filters, so that none of them accepts what is refused here, and none is asked in vain. */
    private static final int GUARD_PRIORITY = Chain.FILTER - 10;

    /** Before connections are looked up. */
    private static final Chain SOURCES = Chain.base(TABLE, "sources", "filter", Hook.PREROUTING, Chain.RAW);

    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, GUARD_PRIORITY);
    private static final Chain GUARD_FORWARD =
            Chain.base(TABLE, "guard-forward", "filter", Hook.FORWARD, GUARD_PRIORITY);
    private static final Chain FORWARD = Chain.base(TABLE, "forward", "filter", Hook.FORWARD, Chain.FILTER);
    private static final Chain POSTROUTING = Chain.base(TABLE, "postrouting", "nat", Hook.POSTROUTING, Chain.SRCNAT);

    private final DesiredOverlay overlay;
    private final GuardPolicy policy;
    private final TableState state = TableState.empty(TABLE);
    private final List<Rule> rules = new ArrayList<>();

    private GuardRules(DesiredOverlay overlay, GuardPolicy policy) {
        this.overlay = overlay;
        this.policy = policy;
    }

    /** The table for an overlay. */
    static TableState of(DesiredOverlay overlay, GuardPolicy policy) {
        return new GuardRules(overlay, policy).state();
    }

    private TableState state() {
        List<Chain> chains = new ArrayList<>(List.of(SOURCES, INPUT, GUARD_FORWARD, FORWARD));
        for (DesiredOverlay.Device device : overlay.devices()) {
            List<Element> remotes = new ArrayList<>();
            // Two nodes may have one address.
            device.peers().stream()
                    .flatMap(peer -> Stream.concat(Stream.of(peer.remote()), peer.sources().stream()))
                    .distinct()
                    .forEach(address -> remotes.add(Element.of(Value.of(address))));
            state.withSet(new SetState(peers(device), Contents.Listed.of(remotes)));
        }
        overlay.devices().forEach(device -> guardSources(device.slice()));
        guardInput();
        for (DesiredOverlay.Device device : overlay.devices()) {
            guardForward(device);
            forward(device.network());
        }
        if (policy.masquerade()) {
            chains.add(POSTROUTING);
            // First of all, for both families.
            rules.add(
                    Rule.in(POSTROUTING).mark(KUBE_PROXY_MARK, KUBE_PROXY_MARK).returns());
            // What goes to a pod of this node comes back from it, of whichever slice its address is.
            rules.add(Rule.in(POSTROUTING).oifname(PODS).returns());
            overlay.devices().forEach(this::masquerade);
        }
        for (Chain chain : chains) {
            List<Rule> own = rules.stream()
                    .filter(rule -> rule.chain().equals(chain.name()))
                    .toList();
            state.withChain(new ChainState(chain, own));
        }
        return state;
    }

    private static NftSet peers(DesiredOverlay.Device device) {
        return device.ipv6() ? NftSet.set(TABLE, "peers6", DataType.IPV6) : NftSet.set(TABLE, "peers4", DataType.IPV4);
    }

    /** The ports of the tunnels; that is one, as a cluster has one. */
    private int[] ports() {
        return overlay.devices().stream()
                .mapToInt(device -> device.attributes().port())
                .distinct()
                .toArray();
    }

    /**
     * Whoever comes with the address of a pod of this node, and is none, is a stranger: to policies he would be that pod. A node that
     * changes over has pods of another CNI plugin for a while: its routes say by which links.
     */
    private void guardSources(IpPrefix slice) {
        rules.add(Rule.in(SOURCES)
                .saddr(slice)
                .iifnameNot(PODS)
                .iifnameNot(LOOPBACK)
                .fibSaddrIifMissing()
                .counter()
                .drop());
    }

    /**
     * Tunnel packets come from peers, and neither from a pod nor through the tunnel itself: whatever address their sender
     * gives, a frame in them would appear in the overlay as if a node had sent it.
     */
    private void guardInput() {
        // The kernel would take such a node for its router. Its setting accept_ra is not to be written from a
        // container.
        for (DesiredOverlay.Device device : overlay.devices()) {
            rules.add(Rule.in(INPUT)
                    .iifname(device.name())
                    .l4proto(ICMPV6)
                    .match(Field.ICMP_TYPE, Operator.EQ, Value.u8(ROUTER_ADVERTISEMENT))
                    .counter()
                    .drop());
        }
        for (int port : ports()) {
            rules.add(Rule.in(INPUT).iifname(PODS).udp().dport(port).counter().drop());
            for (DesiredOverlay.Device device : overlay.devices()) {
                rules.add(Rule.in(INPUT)
                        .iifname(device.name())
                        .udp()
                        .dport(port)
                        .counter()
                        .drop());
            }
            for (DesiredOverlay.Device device : overlay.devices()) {
                Field source = device.ipv6() ? Field.IP6_SADDR : Field.IP_SADDR;
                rules.add(Rule.in(INPUT)
                        .in(peers(device), source)
                        .udp()
                        .dport(port)
                        .accept());
            }
            rules.add(Rule.in(INPUT).udp().dport(port).counter().drop());
        }
    }

    /**
     * A pod's packets to another node would be masqueraded as this node's, or not looked at by one without a guard. Nodes have
     * more addresses than are known here, so pods send to the port inside their own network only; but they answer to it.
     */
    private void guardForward(DesiredOverlay.Device device) {
        Field destination = device.ipv6() ? Field.IP6_DADDR : Field.IP_DADDR;
        int port = device.attributes().port();
        rules.add(Rule.in(GUARD_FORWARD)
                .iifname(PODS)
                .in(peers(device), destination)
                .udp()
                .dport(port)
                .counter()
                .drop());
        rules.add(Rule.in(GUARD_FORWARD)
                .iifname(PODS)
                .daddrNot(device.network())
                .udp()
                .dport(port)
                .match(Field.CT_DIRECTION, Operator.EQ, Value.u8(ORIGINAL))
                .counter()
                .drop());
    }

    private void forward(IpPrefix network) {
        rules.add(Rule.in(FORWARD).saddr(network).accept());
        rules.add(Rule.in(FORWARD).daddr(network).accept());
    }

    /** In flannel's order; the third rule keeps the sources of all that comes to this node's own pods, of other CNI plugins, too. */
    private void masquerade(DesiredOverlay.Device device) {
        IpPrefix network = device.network();
        IpPrefix slice = device.slice();
        rules.add(Rule.in(POSTROUTING).saddr(slice).daddr(network).returns());
        rules.add(Rule.in(POSTROUTING).saddr(network).daddr(slice).returns());
        rules.add(Rule.in(POSTROUTING).saddrNot(network).daddr(slice).returns());
        if (!policy.masqueradeToNodes()) {
            Field destination = device.ipv6() ? Field.IP6_DADDR : Field.IP_DADDR;
            // Of the slice alone: to a pod of one that the node had before, no other node knows a way back.
            rules.add(Rule.in(POSTROUTING)
                    .saddr(slice)
                    .in(peers(device), destination)
                    .returns());
        }
        rules.add(Rule.in(POSTROUTING)
                .saddr(network)
                .daddrNot(device.ipv6() ? MULTICAST_V6 : MULTICAST_V4)
                .masquerade(true));
        rules.add(Rule.in(POSTROUTING).saddrNot(network).daddr(network).masquerade(true));
    }
}
