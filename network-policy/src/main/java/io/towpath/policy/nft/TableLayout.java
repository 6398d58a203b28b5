package io.towpath.policy.nft;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.CtKey;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The part of the table that is the same for every ruleset: where packets enter it, and what is asked of all of them.
 *
 * <p>Allowed is what a rule accepts; whatever falls through, by whatever gap, meets the drop at the end of a base chain. Egress and
 * ingress are two base chains of the same hook, one after the other, because an accept ends only its own: so both are asked of a
 * packet between two pods of this node, and nothing but an accept lets it pass.
 *
 * <p>Policies are about the endpoint that a packet goes to, so they are asked where it is known. IPVS takes packets to a Service from the
 * input hook, between the two chains there, and sends them to their endpoints by output: the first asks only whose a source is, the
 * second sees what is for the node. At output, what comes from a pod of this node meets its egress, and what goes to one its ingress,
 * but for what the node itself sends; of that nothing is asked.
 */
final class TableLayout {
    /** After the overlay's guard, before the usual filters: what is denied here costs no other table anything. */
    private static final int PRIORITY = Chain.FILTER - 5;

    /** After both chains of the table that enforces. */
    private static final int TRIAL_PRIORITY = PRIORITY + 2;

    /** After IPVS, which takes its packets just before NF_IP_PRI_NAT_SRC of {@code linux/netfilter_ipv4.h}. */
    private static final int NODE_PRIORITY = 101;

    /** After the chain of the table that enforces. */
    private static final int TRIAL_NODE_PRIORITY = NODE_PRIORITY + 2;

    /** The interfaces of pods. */
    static final String PODS = "cali*";

    /** From where the kernel itself looks for neighbours. */
    private static final IpPrefix LINK_LOCAL = IpPrefix.parse("fe80::/10");

    private static final IpPrefix UNSPECIFIED = IpPrefix.parse("::/128");
    private static final int ICMPV6 = 58;
    private static final int ROUTER_SOLICITATION = 133;
    private static final int NEIGHBOUR_SOLICITATION = 135;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;
    private static final int REGISTER = 1;

    /** A comment by which counters are known. */
    private static final String INVALID = "of no connection";

    private final Table table;
    private final PolicyOptions options;
    private final Chain forwardFrom;
    private final Chain forwardTo;
    private final Chain input;
    private final Chain inputNode;
    private final Chain outputFrom;
    private final Chain outputTo;
    private final Chain source;
    private final Chain fromPod;
    private final Chain toPod;
    private final Denials denials;
    private final Cuts cuts;

    TableLayout(PolicyOptions options) {
        this(Table.inet(options.enforces() ? PolicyTable.NAME : PolicyTable.TRIAL_NAME), options);
    }

    /** Of a table of another name. */
    TableLayout(Table table, PolicyOptions options) {
        this.table = table;
        this.options = options;
        int priority = options.enforces() ? PRIORITY : TRIAL_PRIORITY;
        forwardFrom = Chain.base(table, "forward-from", "filter", Hook.FORWARD, priority);
        forwardTo = Chain.base(table, "forward-to", "filter", Hook.FORWARD, priority + 1);
        input = Chain.base(table, "input", "filter", Hook.INPUT, priority);
        inputNode = Chain.base(
                table, "input-node", "filter", Hook.INPUT, options.enforces() ? NODE_PRIORITY : TRIAL_NODE_PRIORITY);
        outputFrom = Chain.base(table, Way.BY_OUTPUT.chain(), "filter", Hook.OUTPUT, priority);
        outputTo = Chain.base(table, "output-to", "filter", Hook.OUTPUT, priority + 1);
        source = Chain.of(table, "source");
        fromPod = Chain.of(table, Way.FROM_POD.chain());
        toPod = Chain.of(table, Way.TO_POD.chain());
        denials = new Denials(table, options);
        cuts = new Cuts(table);
    }

    /** The table; nobody else has one of its name. */
    Table table() {
        return table;
    }

    /** Which addresses packets from an interface may have as their source. */
    NftSet sources(boolean ipv6) {
        return NftSet.set(table, name("sources", ipv6), DataType.IFNAME, address(ipv6));
    }

    /** What is asked of the packets of each pod that come by a way. */
    NftSet pods(Way way, boolean ipv6) {
        return NftSet.verdicts(table, name(way.chain(), ipv6), way.types(ipv6));
    }

    /** The pods of a profile that many share. */
    NftSet pods(Way way, String profile, boolean ipv6) {
        return NftSet.set(table, name(way.pods(profile), ipv6), way.types(ipv6));
    }

    /** The chain from which the pods of such profiles go there. */
    Chain shared(Way way) {
        return Chain.of(table, way.shared());
    }

    /** Where the address of the pod is that a packet of a direction is about. */
    static Field pod(Direction direction, boolean ipv6) {
        return peer(direction == Direction.INGRESS ? Direction.EGRESS : Direction.INGRESS, ipv6);
    }

    /** What is done with packets that are denied. */
    Denials denials() {
        return denials;
    }

    static DataType address(boolean ipv6) {
        return ipv6 ? DataType.IPV6 : DataType.IPV4;
    }

    static String name(String name, boolean ipv6) {
        return name + (ipv6 ? "-6" : "-4");
    }

    static Value key(Endpoint endpoint) {
        return Value.concat(Value.name(endpoint.link()), Value.of(endpoint.address()));
    }

    /** Where the address of a packet's peer is, seen from a pod of this node. */
    static Field peer(Direction direction, boolean ipv6) {
        if (direction == Direction.INGRESS) {
            return ipv6 ? Field.IP6_SADDR : Field.IP_SADDR;
        }
        return ipv6 ? Field.IP6_DADDR : Field.IP_DADDR;
    }

    /** What is done with connections that were cut. */
    Cuts cuts() {
        return cuts;
    }

    List<ChainState> chains() {
        List<ChainState> chains = new ArrayList<>(denials.chains());
        if (options.enforces()) {
            chains.add(cuts.state(INVALID));
        }
        chains.add(new ChainState(
                forwardFrom,
                List.of(
                        Rule.in(forwardFrom).iifname(PODS).jump(source),
                        Rule.in(forwardFrom).iifname(PODS).jump(fromPod),
                        options.end(Rule.in(forwardFrom).iifname(PODS).counter()))));
        chains.add(new ChainState(
                forwardTo,
                List.of(
                        Rule.in(forwardTo).oifname(PODS).jump(toPod),
                        options.end(Rule.in(forwardTo).oifname(PODS).counter()))));
        chains.add(new ChainState(
                input,
                List.of(
                        discovery(input, ROUTER_SOLICITATION),
                        discovery(input, NEIGHBOUR_SOLICITATION),
                        discovery(input, NEIGHBOUR_ADVERTISEMENT),
                        Rule.in(input).iifname(PODS).jump(source))));
        chains.add(new ChainState(
                inputNode,
                List.of(
                        discovery(inputNode, ROUTER_SOLICITATION),
                        discovery(inputNode, NEIGHBOUR_SOLICITATION),
                        discovery(inputNode, NEIGHBOUR_ADVERTISEMENT),
                        Rule.in(inputNode).iifname(PODS).jump(fromPod),
                        options.end(Rule.in(inputNode).iifname(PODS).counter()))));
        chains.add(new ChainState(
                outputFrom,
                List.of(
                        tracked(outputFrom),
                        Rule.in(outputFrom).jump(shared(Way.BY_OUTPUT)),
                        lookup(outputFrom, Way.BY_OUTPUT, false),
                        lookup(outputFrom, Way.BY_OUTPUT, true))));
        chains.add(new ChainState(outputTo, leaving()));
        // Before connections are looked at, or a pod could send as another one whose connections it guesses.
        chains.add(new ChainState(source, List.of(stranger(false), stranger(true))));
        chains.add(new ChainState(fromPod, asking(fromPod, Way.FROM_POD, own(), CtKey.INVALID | CtKey.RELATED)));
        List<Rule> toPodRules = asking(toPod, Way.TO_POD, List.of(tracked(toPod)), CtKey.INVALID);
        toPodRules.add(Rule.in(toPod).goTo(denials.denied(Direction.INGRESS)));
        chains.add(new ChainState(toPod, toPodRules));
        return chains;
    }

    /** Why a rule drops packets. */
    enum Reason {
        INGRESS,
        EGRESS,
        STRANGER,
        INVALID,
        NONE
    }

    /** What a rule of the table counts; each packet that is dropped is counted by one alone, that which drops it. */
    Reason reason(Rule rule) {
        String chain = rule.chain();
        if (rule.comment().equals(INVALID)) {
            return Reason.INVALID;
        }
        if (isOf(chain, denials.strangers())) {
            return Reason.STRANGER;
        }
        if (isOf(chain, denials.denied(Direction.INGRESS), forwardTo, outputTo)) {
            return Reason.INGRESS;
        }
        return isOf(chain, denials.denied(Direction.EGRESS), forwardFrom, inputNode) ? Reason.EGRESS : Reason.NONE;
    }

    private static boolean isOf(String chain, Chain... chains) {
        return Stream.of(chains).anyMatch(each -> each.name().equals(chain));
    }

    /** Without it a pod would not find its gateway; its source may be link-local, or none. */
    private static Rule discovery(Chain chain, int type) {
        return Rule.in(chain)
                .iifname(PODS)
                .nfproto(Family.IPV6)
                .l4proto(ICMPV6)
                .with(new Payload(Header.TRANSPORT, 0, 1, REGISTER))
                .with(new Cmp(REGISTER, Operator.EQ, Value.u8(type)))
                .accept();
    }

    private Rule stranger(boolean ipv6) {
        return Rule.in(source).notIn(sources(ipv6), Way.FROM_POD.fields(ipv6)).goTo(denials.strangers());
    }

    private static Rule tracked(Chain chain) {
        return Rule.in(chain).ctState(CtKey.ESTABLISHED | CtKey.RELATED).accept();
    }

    private Rule lookup(Chain chain, Way way, boolean ipv6) {
        return Rule.in(chain).vmap(pods(way, ipv6), way.fields(ipv6));
    }

    /** What is asked of packets that the node sends to pods, or passes on there. */
    private List<Rule> leaving() {
        List<Rule> rules = new ArrayList<>();
        rules.add(Rule.in(outputTo).oifnameNot(PODS).accept());
        rules.add(tracked(outputTo));
        // The node's own processes may begin connections to all pods: so they would revive what pods may not have with
        // them.
        addCuts(outputTo, rules);
        rules.add(Rule.in(outputTo).fibSaddrLocal().accept());
        rules.add(Rule.in(outputTo).saddr(LINK_LOCAL).accept());
        rules.add(Rule.in(outputTo).saddr(UNSPECIFIED).accept());
        rules.add(Rule.in(outputTo).jump(toPod));
        rules.add(options.end(Rule.in(outputTo).counter()));
        return rules;
    }

    /**
     * What belongs to a pod's connections: an error is about one of its own, or a pod could end others' connections, and send its bytes to
     * their ends.
     */
    private List<Rule> own() {
        List<Rule> rules = new ArrayList<>();
        rules.add(Rule.in(fromPod).ctState(CtKey.ESTABLISHED).accept());
        for (Field end : List.of(
                Field.CT_ORIGINAL_IP_SADDR,
                Field.CT_REPLY_IP_SADDR,
                Field.CT_ORIGINAL_IP6_SADDR,
                Field.CT_REPLY_IP6_SADDR)) {
            boolean ipv6 = end == Field.CT_ORIGINAL_IP6_SADDR || end == Field.CT_REPLY_IP6_SADDR;
            rules.add(Rule.in(fromPod)
                    .ctState(CtKey.RELATED)
                    .in(sources(ipv6), Field.IIFNAME, end)
                    .accept());
        }
        return rules;
    }

    /**
     * What is asked of packets that come by a way.
     *
     * @param tracked what accepts those of connections that are known
     * @param strays the states of those that are dropped then
     */
    private List<Rule> asking(Chain chain, Way way, List<Rule> tracked, int strays) {
        List<Rule> rules = new ArrayList<>(tracked);
        rules.add(options.end(Rule.in(chain).ctState(strays).counter().comment(INVALID)));
        addCuts(chain, rules);
        rules.add(Rule.in(chain).jump(shared(way)));
        rules.add(lookup(chain, way, false));
        rules.add(lookup(chain, way, true));
        return rules;
    }

    /** A trial cuts nothing. */
    private void addCuts(Chain chain, List<Rule> rules) {
        if (options.enforces()) {
            rules.add(Rule.in(chain).jump(cuts.chain()));
        }
    }

    /** The sets that the chains use and whose elements come and go by themselves. */
    List<NftSet> passing() {
        return options.enforces() ? List.of(cuts.set(false), cuts.set(true)) : List.of();
    }
}
