package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.Expression.NONE;
import static io.towpath.netlink.nft.Expression.register;
import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Expression.*;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes a rule, word for word as {@code nft} reads: {@code Rule.in(input).iifname("cali*").udp().dport(8472).drop()}. It gives the
 * expressions that {@code nft} would, so that {@code nft list} shows the same words.
 */
public final class RuleBuilder {
    private static final int REGISTER = NFT_REG_1;
    private static final int SCTP = 132;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int RTN_LOCAL = 2;

    /** {@code linux/if_ether.h}. */
    private static final int ETH_P_IP = 0x0800;

    private static final int ETH_P_ARP = 0x0806;
    private static final int ARPHRD_ETHER = 1;
    private static final int ETH_P_IPV6 = 0x86dd;

    private final Table table;
    private final String chain;
    private final List<Expression> expressions = new ArrayList<>();
    private String comment = "";
    private @Nullable Family family;

    RuleBuilder(Table table, String chain) {
        this.table = table;
        this.chain = chain;
    }

    /** A step of any kind. */
    public RuleBuilder with(Expression expression) {
        expressions.add(expression);
        return this;
    }

    /** What {@code nft list} shows behind the rule; at most 128 bytes. */
    public RuleBuilder comment(String text) {
        comment = text;
        return this;
    }

    /** Packets that came in by an interface, or with a {@code *} at the end by one whose name begins so. */
    public RuleBuilder iifname(String name) {
        return name(Field.IIFNAME, Operator.EQ, name);
    }

    public RuleBuilder iifnameNot(String name) {
        return name(Field.IIFNAME, Operator.NEQ, name);
    }

    /** As {@link #iifname}, of the interface that packets leave by. */
    public RuleBuilder oifname(String name) {
        return name(Field.OIFNAME, Operator.EQ, name);
    }

    public RuleBuilder oifnameNot(String name) {
        return name(Field.OIFNAME, Operator.NEQ, name);
    }

    private RuleBuilder name(Field field, Operator operator, String name) {
        Value value = name.endsWith("*") ? Value.prefix(name.substring(0, name.length() - 1)) : Value.name(name);
        return match(field, operator, value);
    }

    /** Packets of one family; needed only where nothing else tells it. */
    public RuleBuilder nfproto(Family only) {
        family = only;
        return match(Field.NFPROTO, Operator.EQ, Value.u8(only.number()));
    }

    public RuleBuilder tcp() {
        return l4proto(TCP);
    }

    public RuleBuilder udp() {
        return l4proto(UDP);
    }

    public RuleBuilder sctp() {
        return l4proto(SCTP);
    }

    /** Packets of a protocol above IP, by its number. */
    public RuleBuilder l4proto(int protocol) {
        return match(Field.L4PROTO, Operator.EQ, Value.u8(protocol));
    }

    /** Packets from a port of the protocol named before. */
    public RuleBuilder sport(int port) {
        return match(Field.SPORT, Operator.EQ, Value.be16(port));
    }

    /** Packets to a port of the protocol named before. */
    public RuleBuilder dport(int port) {
        return match(Field.DPORT, Operator.EQ, Value.be16(port));
    }

    /** Packets to a range of ports of the protocol named before, both ends included. */
    public RuleBuilder dport(int first, int last) {
        expressions.add(Field.DPORT.load(REGISTER, 2));
        expressions.add(new Cmp(REGISTER, Operator.GTE, Value.be16(first)));
        return with(new Cmp(REGISTER, Operator.LTE, Value.be16(last)));
    }

    public RuleBuilder saddr(IpPrefix prefix) {
        return address(prefix.address().ipv6() ? Field.IP6_SADDR : Field.IP_SADDR, Operator.EQ, prefix);
    }

    /** Packets of the prefix's family from elsewhere. */
    public RuleBuilder saddrNot(IpPrefix prefix) {
        return address(prefix.address().ipv6() ? Field.IP6_SADDR : Field.IP_SADDR, Operator.NEQ, prefix);
    }

    public RuleBuilder daddr(IpPrefix prefix) {
        return address(prefix.address().ipv6() ? Field.IP6_DADDR : Field.IP_DADDR, Operator.EQ, prefix);
    }

    /** Packets of the prefix's family to elsewhere. */
    public RuleBuilder daddrNot(IpPrefix prefix) {
        return address(prefix.address().ipv6() ? Field.IP6_DADDR : Field.IP_DADDR, Operator.NEQ, prefix);
    }

    private RuleBuilder address(Field field, Operator operator, IpPrefix prefix) {
        int bits = prefix.length();
        Value value = Value.of(prefix.network().address());
        if (bits % 8 == 0 && bits > 0) {
            require(field);
            expressions.add(field.load(REGISTER, bits / 8));
            return with(new Cmp(REGISTER, operator, value.slice(0, bits / 8)));
        }
        return masked(field, Value.mask(bits, field.length()), operator, value);
    }

    /** ARP packets whose sender says that it is known by an address. */
    public RuleBuilder arpSender(IpAddress address) {
        return match(Field.ARP_SENDER, Operator.EQ, Value.of(address));
    }

    /** Packets of which a field compares so. */
    public RuleBuilder match(Field field, Operator operator, Value value) {
        require(field);
        expressions.add(field.load(REGISTER, field.length()));
        return with(new Cmp(REGISTER, operator, value));
    }

    /** Packets of which some bits of a field compare so. */
    public RuleBuilder masked(Field field, Value mask, Operator operator, Value value) {
        require(field);
        expressions.add(field.load(REGISTER, field.length()));
        expressions.add(new Bitwise(REGISTER, REGISTER, mask, Value.of(new byte[mask.length()])));
        return with(new Cmp(REGISTER, operator, value));
    }

    /** Packets whose mark has these bits. */
    public RuleBuilder mark(int value, int mask) {
        return masked(Field.MARK, Value.u32(mask), Operator.EQ, Value.u32(value));
    }

    /** Packets whose connection is in one of some states: bits of {@link CtKey}. */
    public RuleBuilder ctState(int states) {
        return masked(Field.CT_STATE, Value.u32(states), Operator.NEQ, Value.u32(0));
    }

    /** Packets whose connection has one of some bits of its status, IPS_* of {@link NfTables}. */
    public RuleBuilder ctStatus(int bits) {
        return masked(Field.CT_STATUS, Value.u32(bits), Operator.NEQ, Value.u32(0));
    }

    /** Packets to an address of this node. */
    public RuleBuilder fibDaddrLocal() {
        return local(NFTA_FIB_F_DADDR);
    }

    /** Packets from an address of this node. */
    public RuleBuilder fibSaddrLocal() {
        return local(NFTA_FIB_F_SADDR);
    }

    /** Packets to whose source no route of this node leads by the link that they came in by. */
    public RuleBuilder fibSaddrIifMissing() {
        expressions.add(new Fib(NFT_FIB_RESULT_OIF, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF, REGISTER));
        return with(new Cmp(REGISTER, Operator.EQ, Value.u32(0)));
    }

    private RuleBuilder local(int address) {
        expressions.add(new Fib(NFT_FIB_RESULT_ADDRTYPE, address, REGISTER));
        return with(new Cmp(REGISTER, Operator.EQ, Value.u32(RTN_LOCAL)));
    }

    /** Packets of which a set has the field or the concatenation of fields. */
    public RuleBuilder in(NftSet set, Field... fields) {
        return lookup(set, NONE, false, fields);
    }

    public RuleBuilder notIn(NftSet set, Field... fields) {
        return lookup(set, NONE, true, fields);
    }

    /** Packets that a map knows; what it maps to is in register 1 and what follows. */
    public RuleBuilder map(NftSet map, Field... fields) {
        return lookup(map, REGISTER, false, fields);
    }

    private RuleBuilder lookup(NftSet set, int destination, boolean negated, Field... fields) {
        for (Field field : fields) {
            require(field);
        }
        int word = 0;
        for (Field field : fields) {
            expressions.add(field.load(register(word), field.length()));
            word += Value.padded(field.length()) / 4;
        }
        return with(new Lookup(set.name(), REGISTER, destination, negated));
    }

    /** A table of several families looks at the packet's before it looks at what only one has. */
    private void require(Field field) {
        Family needed = field.family();
        if (needed == null || family == needed) {
            return;
        }
        if (table.family() == Family.INET) {
            nfproto(needed);
        } else if (table.family() == Family.NETDEV) {
            family = needed;
            int protocol = switch (needed) {
                case IPV4 -> ETH_P_IP;
                case IPV6 -> ETH_P_IPV6;
                default -> ETH_P_ARP;
            };
            // As nft does it: it shows a header within a frame by its fields only if the link is known to have such
            // frames.
            match(Field.IIFTYPE, Operator.EQ, Value.u16(ARPHRD_ETHER));
            match(Field.PROTOCOL, Operator.EQ, Value.be16(protocol));
        }
    }

    public RuleBuilder counter() {
        return with(new Counter(0, 0));
    }

    /** Up to so many packets in a second, and some more at once. */
    public RuleBuilder limit(long packets, int burst) {
        return with(new Limit(packets, 1, burst, false, false));
    }

    /** Sets some bits of the packet's mark, and clears those of the mask that are not among them. */
    public RuleBuilder setMark(int value, int mask) {
        expressions.add(Field.MARK.load(REGISTER, 4));
        expressions.add(new Bitwise(REGISTER, REGISTER, Value.u32(~mask), Value.u32(value)));
        return with(new MetaSet(MetaKey.MARK, REGISTER));
    }

    /** Adds what a concatenation of fields is to a set, for a time. */
    public RuleBuilder update(NftSet set, long timeoutMillis, Field... fields) {
        lookup(set, NONE, false, fields);
        expressions.removeLast();
        return with(new Dynset(set.name(), SetOperation.UPDATE, REGISTER, NONE, timeoutMillis));
    }

    /** The rule as it is: packets go on with the next. */
    public Rule build() {
        return new Rule(table, chain, expressions, comment, 0);
    }

    private Rule end(Expression last) {
        return with(last).build();
    }

    public Rule accept() {
        return end(new Decide(Verdict.ACCEPT));
    }

    public Rule drop() {
        return end(new Decide(Verdict.DROP));
    }

    /** Back to the chain that jumped here or, in a base chain, to its policy. */
    public Rule returns() {
        return end(new Decide(Verdict.RETURN));
    }

    public Rule jump(Chain to) {
        return end(new Decide(Verdict.jump(to.name())));
    }

    public Rule goTo(Chain to) {
        return end(new Decide(Verdict.goTo(to.name())));
    }

    /** What a verdict map says of the fields; where it says nothing, packets go on. */
    public Rule vmap(NftSet map, Field... fields) {
        return lookup(map, NFT_REG_VERDICT, false, fields).build();
    }

    /** Gives packets the address of the interface they leave by, with any port. */
    public Rule masquerade(boolean fullyRandom) {
        return end(new Masquerade(NONE, NONE, fullyRandom ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0));
    }

    /** Sends packets to an address and, if it is not 0, a port. */
    public Rule dnat(IpAddress address, int port) {
        expressions.add(new Immediate(REGISTER, Value.of(address)));
        if (port == 0) {
            return end(nat(true, address.ipv6(), NONE));
        }
        expressions.add(new Immediate(NFT_REG_2, Value.be16(port)));
        return end(nat(true, address.ipv6(), NFT_REG_2));
    }

    /** Sends packets where a map of {@code address . port} says; those that it does not know go on. */
    public Rule dnat(NftSet map, Field... fields) {
        boolean isIpv6 = map.data().get(0).equals(DataType.IPV6);
        map(map, fields);
        int words = map.data().get(0).length() / 4;
        return end(nat(true, isIpv6, map.data().size() > 1 ? register(words) : NONE));
    }

    /** Gives packets another source. */
    public Rule snat(IpAddress address) {
        expressions.add(new Immediate(REGISTER, Value.of(address)));
        return end(nat(false, address.ipv6(), NONE));
    }

    private static Nat nat(boolean isDestination, boolean isIpv6, int port) {
        Family family = isIpv6 ? Family.IPV6 : Family.IPV4;
        int flags = port == NONE ? NF_NAT_RANGE_MAP_IPS : NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
        return new Nat(isDestination, family, REGISTER, REGISTER, port, port, flags);
    }

    /** Sends packets to a port of this node. */
    public Rule redirect(int port) {
        expressions.add(new Immediate(REGISTER, Value.be16(port)));
        return end(new Redirect(REGISTER, REGISTER, NF_NAT_RANGE_PROTO_SPECIFIED));
    }

    /** Tells the sender that there is nobody, by ICMP's port unreachable. */
    public Rule reject() {
        return end(new Reject(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH));
    }

    /** Tells the sender of a TCP packet by a reset; needs {@link #tcp}. */
    public Rule rejectWithReset() {
        return end(new Reject(NFT_REJECT_TCP_RST, 0));
    }

    public Rule notrack() {
        return end(new Notrack());
    }
}
