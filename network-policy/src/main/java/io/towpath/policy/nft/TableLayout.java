package io.towpath.policy.nft;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.CtKey;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Expression.Cmp;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Expression.Header;
import io.towpath.netlink.nft.Expression.Limit;
import io.towpath.netlink.nft.Expression.Log;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Payload;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;
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
 * packet between two pods of this node, and nothing but an accept lets it pass. At output nothing is asked of what the node itself
 * sends; what it only passes on there, as IPVS and transparent proxies do, has the source of another, and meets ingress.
 */
final class TableLayout {
    /** After the overlay's guard, before the usual filters: what is denied here costs no other table anything. */
    private static final int PRIORITY = Chain.FILTER - 5;

    /** After both chains of the table that enforces. */
    private static final int TRIAL_PRIORITY = PRIORITY + 2;

    private static final String PODS = "cali*";

    /** From where the kernel itself looks for neighbours. */
    private static final IpPrefix LINK_LOCAL = IpPrefix.parse("fe80::/10");

    private static final IpPrefix UNSPECIFIED = IpPrefix.parse("::/128");
    private static final int ICMPV6 = 58;
    private static final int ROUTER_SOLICITATION = 133;
    private static final int NEIGHBOUR_SOLICITATION = 135;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;
    private static final int REGISTER = 1;

    /** How much of a denied packet is logged: the headers of IPv6 and TCP. */
    private static final int SNAPLEN = 80;

    /** Where packets go that come from no pod's interface, or not with its address. */
    private static final String STRANGERS = "denied-strangers";

    /** A comment by which counters are known. */
    private static final String INVALID = "of no connection";

    private final Table table;
    private final PolicyOptions options;
    private final Chain forwardFrom;
    private final Chain forwardTo;
    private final Chain input;
    private final Chain output;
    private final Chain fromPod;
    private final Chain toPod;

    TableLayout(PolicyOptions options) {
        this.options = options;
        table = Table.inet(options.enforces() ? PolicyTable.NAME : PolicyTable.TRIAL_NAME);
        int priority = options.enforces() ? PRIORITY : TRIAL_PRIORITY;
        forwardFrom = Chain.base(table, "forward-from", "filter", Hook.FORWARD, priority);
        forwardTo = Chain.base(table, "forward-to", "filter", Hook.FORWARD, priority + 1);
        input = Chain.base(table, "input", "filter", Hook.INPUT, priority);
        output = Chain.base(table, "output", "filter", Hook.OUTPUT, priority);
        fromPod = Chain.of(table, "from-pod");
        toPod = Chain.of(table, "to-pod");
    }

    /** The table; nobody else has one of its name. */
    Table table() {
        return table;
    }

    /** Which addresses packets from an interface may have as their source. */
    NftSet sources(boolean ipv6) {
        return NftSet.set(table, name("sources", ipv6), DataType.IFNAME, address(ipv6));
    }

    /** By interface and address of a pod, what is asked of its packets of a direction. */
    NftSet pods(Direction direction, boolean ipv6) {
        String name = name(direction == Direction.INGRESS ? "to-pod" : "from-pod", ipv6);
        return NftSet.verdicts(table, name, DataType.IFNAME, address(ipv6));
    }

    /** The pods of a profile that many share, by interface and address. */
    NftSet pods(String profile, boolean ipv6) {
        return NftSet.set(table, name(profile + "-endpoints", ipv6), DataType.IFNAME, address(ipv6));
    }

    /** The chain from which the pods of such profiles go there. */
    Chain shared(Direction direction) {
        return Chain.of(table, "shared-" + Verdicts.suffix(direction));
    }

    /** The interface to the pod that a packet of a direction is about. */
    static Field link(Direction direction) {
        return direction == Direction.INGRESS ? Field.OIFNAME : Field.IIFNAME;
    }

    /** And its address. */
    static Field pod(Direction direction, boolean ipv6) {
        return peer(direction == Direction.INGRESS ? Direction.EGRESS : Direction.INGRESS, ipv6);
    }

    /** The interfaces of the pods, each with a counter of what was denied to or by its pod, and how much of it is logged. */
    NftSet deniedPods(Direction direction) {
        List<Expression> each = new ArrayList<>();
        each.add(new Counter(0, 0));
        if (options.logs()) {
            each.add(new Limit(options.logPerSecond(), 1, options.logBurst(), false, false));
        }
        return NftSet.set(table, Verdicts.denied(direction).chain(), DataType.IFNAME)
                .withEach(each);
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

    List<ChainState> chains() {
        return List.of(
                base(
                        forwardFrom,
                        List.of(
                                Rule.in(forwardFrom).iifname(PODS).jump(fromPod),
                                end(Rule.in(forwardFrom).iifname(PODS).counter()))),
                base(
                        forwardTo,
                        List.of(
                                Rule.in(forwardTo).oifname(PODS).jump(toPod),
                                end(Rule.in(forwardTo).oifname(PODS).counter()))),
                base(
                        input,
                        List.of(
                                discovery(ROUTER_SOLICITATION),
                                discovery(NEIGHBOUR_SOLICITATION),
                                discovery(NEIGHBOUR_ADVERTISEMENT),
                                Rule.in(input).iifname(PODS).jump(fromPod),
                                end(Rule.in(input).iifname(PODS).counter()))),
                base(
                        output,
                        List.of(
                                Rule.in(output).oifnameNot(PODS).accept(),
                                Rule.in(output)
                                        .ctState(CtKey.ESTABLISHED | CtKey.RELATED)
                                        .accept(),
                                Rule.in(output).fibSaddrLocal().accept(),
                                Rule.in(output).saddr(LINK_LOCAL).accept(),
                                Rule.in(output).saddr(UNSPECIFIED).accept(),
                                Rule.in(output).jump(toPod),
                                end(Rule.in(output).counter()))),
                fromPodState(),
                toPodState(),
                deniedState(denied(Direction.EGRESS), Direction.EGRESS),
                deniedState(denied(Direction.INGRESS), Direction.INGRESS),
                deniedState(strangers(), Direction.EGRESS));
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
        if (chain.equals(STRANGERS)) {
            return Reason.STRANGER;
        }
        if (isOf(chain, denied(Direction.INGRESS), forwardTo, output)) {
            return Reason.INGRESS;
        }
        return isOf(chain, denied(Direction.EGRESS), forwardFrom, input) ? Reason.EGRESS : Reason.NONE;
    }

    private static boolean isOf(String chain, Chain... chains) {
        return Stream.of(chains).anyMatch(each -> each.name().equals(chain));
    }

    private static ChainState base(Chain chain, List<Rule> rules) {
        return new ChainState(chain, rules);
    }

    /** Without it a pod would not find its gateway; its source may be link-local, or none. */
    private Rule discovery(int type) {
        return Rule.in(input)
                .iifname(PODS)
                .nfproto(Family.IPV6)
                .l4proto(ICMPV6)
                .with(new Payload(Header.TRANSPORT, 0, 1, REGISTER))
                .with(new Cmp(REGISTER, Operator.EQ, Value.u8(type)))
                .accept();
    }

    private ChainState fromPodState() {
        List<Rule> rules = new ArrayList<>();
        // Before connections are looked at, or a pod could send as another one whose connections it guesses.
        rules.add(Rule.in(fromPod)
                .notIn(sources(false), Field.IIFNAME, Field.IP_SADDR)
                .goTo(strangers()));
        rules.add(Rule.in(fromPod)
                .notIn(sources(true), Field.IIFNAME, Field.IP6_SADDR)
                .goTo(strangers()));
        addStates(fromPod, rules);
        addCuts(fromPod, rules);
        rules.add(Rule.in(fromPod).jump(shared(Direction.EGRESS)));
        rules.add(Rule.in(fromPod).vmap(pods(Direction.EGRESS, false), Field.IIFNAME, Field.IP_SADDR));
        rules.add(Rule.in(fromPod).vmap(pods(Direction.EGRESS, true), Field.IIFNAME, Field.IP6_SADDR));
        return new ChainState(fromPod, rules);
    }

    private ChainState toPodState() {
        List<Rule> rules = new ArrayList<>();
        addStates(toPod, rules);
        addCuts(toPod, rules);
        rules.add(Rule.in(toPod).jump(shared(Direction.INGRESS)));
        rules.add(Rule.in(toPod).vmap(pods(Direction.INGRESS, false), Field.OIFNAME, Field.IP_DADDR));
        rules.add(Rule.in(toPod).vmap(pods(Direction.INGRESS, true), Field.OIFNAME, Field.IP6_DADDR));
        rules.add(Rule.in(toPod).goTo(denied(Direction.INGRESS)));
        return new ChainState(toPod, rules);
    }

    /** What becomes of packets that are not allowed. */
    private Rule end(RuleBuilder rule) {
        return options.enforces() ? rule.drop() : rule.accept();
    }

    private void addStates(Chain chain, List<Rule> rules) {
        rules.add(Rule.in(chain).ctState(CtKey.ESTABLISHED | CtKey.RELATED).accept());
        rules.add(end(Rule.in(chain).ctState(CtKey.INVALID).counter().comment(INVALID)));
    }

    /** A trial cuts nothing. */
    private void addCuts(Chain chain, List<Rule> rules) {
        if (options.enforces()) {
            for (boolean ipv6 : new boolean[] {false, true}) {
                rules.add(Cuts.packets(chain, Cuts.set(table, ipv6), ipv6)
                        .counter()
                        .comment(INVALID)
                        .drop());
            }
        }
    }

    /** The sets that the chains use and whose elements come and go by themselves. */
    List<NftSet> passing() {
        return options.enforces() ? List.of(Cuts.set(table, false), Cuts.set(table, true)) : List.of();
    }

    private Chain denied(Direction direction) {
        return Chain.of(table, Verdicts.denied(direction).chain());
    }

    private String prefix(Direction direction) {
        return new LoggedDenial(direction, options.enforces()).prefix();
    }

    private Chain strangers() {
        return Chain.of(table, STRANGERS);
    }

    private ChainState deniedState(Chain chain, Direction direction) {
        List<Rule> rules = new ArrayList<>();
        // No verdict: the element that is found counts, and lets go on to the log while its limit does; then the packet
        // meets the end.
        RuleBuilder known = Rule.in(chain).in(deniedPods(direction), link(direction));
        rules.add((options.logs() ? known.with(new Log(options.logGroup(), prefix(direction), SNAPLEN, 0)) : known)
                .build());
        rules.add(end(Rule.in(chain).counter()));
        return new ChainState(chain, rules);
    }
}
