package io.towpath.netlink.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Expression.ConnLimit;
import io.towpath.netlink.nft.Expression.FlowOffload;
import io.towpath.netlink.nft.Expression.Limit;
import io.towpath.netlink.nft.Expression.Log;
import io.towpath.netlink.nft.Expression.Meta;
import io.towpath.netlink.nft.Expression.MetaSet;
import io.towpath.netlink.nft.Expression.NumGen;
import io.towpath.netlink.nft.Expression.ObjectRef;
import io.towpath.netlink.nft.Expression.Operator;
import io.towpath.netlink.nft.Expression.Range;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class NftKernelTest {
    private static final Table TABLE = Table.inet("towpath-test");
    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, Chain.FILTER);
    private static final Chain DSTNAT = Chain.base(TABLE, "dstnat", "nat", Hook.PREROUTING, Chain.DSTNAT);
    private static final Chain SRCNAT = Chain.base(TABLE, "srcnat", "nat", Hook.POSTROUTING, Chain.SRCNAT);
    private static final NftSet PEERS =
            NftSet.set(TABLE, "peers", DataType.IPV4).withIntervals().withComment("who may");
    private static final NftSet FORWARDS = NftSet.map(
            TABLE, "forwards", List.of(DataType.PROTOCOL, DataType.PORT), List.of(DataType.IPV4, DataType.PORT));

    private final TestNamespace node = new TestNamespace();
    private final Nft nft;

    NftKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            nft = Nft.open(netNs);
        }
    }

    @AfterEach
    void close() {
        nft.close();
        node.close();
    }

    /** What {@code nft} shows, a line each. */
    private List<String> listed(String... what) {
        List<String> command = new ArrayList<>(List.of("nft"));
        command.addAll(List.of(what));
        return node.execute(command.toArray(String[]::new))
                .lines()
                .map(String::strip)
                .toList();
    }

    private void shows(String... lines) {
        List<String> listed = listed("list", "ruleset");
        for (String line : lines) {
            assertTrue(listed.contains(line), () -> line + " is not in\n" + String.join("\n", listed));
        }
    }

    private static IpPrefix prefix(String text) {
        return IpPrefix.parse(text);
    }

    private static Value address(String text) {
        return Value.of(IpAddress.parse(text));
    }

    private static Value forward(int protocol, int port) {
        return Value.concat(Value.u8(protocol), Value.be16(port));
    }

    @Test
    void tablesChainsAndSetsAreSeenByBothSides() throws Exception {
        Table commented = TABLE.withComment("of a test");
        Chain drop =
                Chain.base(TABLE, "fwd", "filter", Hook.FORWARD, Chain.FILTER).withDropPolicy(true);
        Chain jumped = Chain.of(TABLE, "jumped").withComment("by jumps");
        NftSet timed = NftSet.set(TABLE, "timed", DataType.IPV6)
                .withTimeout(60_000)
                .withDynamic()
                .withSize(1000);
        nft.commit(new Transaction()
                .add(commented)
                .add(INPUT)
                .add(drop)
                .add(jumped)
                .add(PEERS)
                .add(FORWARDS)
                .add(timed));
        shows(
                "table inet towpath-test {",
                "comment \"of a test\"",
                "type filter hook input priority filter; policy accept;",
                "type filter hook forward priority filter; policy drop;",
                "chain jumped {",
                "comment \"by jumps\"",
                "flags interval",
                "comment \"who may\"",
                "type inet_proto . inet_service : ipv4_addr . inet_service",
                "type ipv6_addr",
                "size 1000",
                "flags dynamic,timeout",
                "timeout 1m");
        Table found = nft.find(TABLE);
        assertNotNull(found);
        assertEquals("of a test", found.comment());
        assertTrue(found.handle() > 0);
        assertFalse(found.dormant());
        assertEquals(
                List.of(INPUT.toString(), drop.toString(), jumped.toString()),
                nft.chains(TABLE).stream().map(Chain::toString).toList());
        assertEquals("by jumps", nft.chains(TABLE).get(2).comment());
        assertEquals(
                List.of(PEERS.toString(), FORWARDS.toString(), timed.toString()),
                nft.sets(TABLE).stream().map(NftSet::toString).toList());
        assertEquals("who may", nft.sets(TABLE).get(0).comment());

        nft.commit(new Transaction().delete(jumped).delete(timed).add(drop.withDropPolicy(false)));
        assertEquals(2, nft.chains(TABLE).size());
        assertEquals(2, nft.sets(TABLE).size());
        shows("type filter hook forward priority filter; policy accept;");
        nft.commit(new Transaction().delete(TABLE));
        assertEquals(List.of(), nft.tables());
        assertEquals(List.of(), nft.sets(TABLE));
        assertEquals(List.of(), nft.rules(TABLE));
    }

    @Test
    void netdevChainHangsOnItsDevice() throws Exception {
        Table table = Table.of(Family.NETDEV, "dev");
        Chain ingress = Chain.base(table, "in", Hook.INGRESS, "lo", -500);
        nft.commit(new Transaction()
                .add(table)
                .add(ingress)
                .append(Rule.in(ingress).drop()));
        shows("type filter hook ingress device \"lo\" priority -500; policy accept;", "drop");
        assertEquals(
                List.of(ingress.toString()),
                nft.chains(table).stream().map(Chain::toString).toList());
    }

    @Test
    void rulesReadAsNftReads() throws Exception {
        Chain other = Chain.of(TABLE, "other");
        NftSet names = NftSet.verdicts(TABLE, "names", DataType.IFNAME);
        NftSet seen = NftSet.set(TABLE, "seen", DataType.IPV4).withTimeouts().withDynamic();
        List<Rule> rules = List.of(
                Rule.in(INPUT)
                        .iifname("cali*")
                        .udp()
                        .dport(8472)
                        .comment("guard")
                        .drop(),
                Rule.in(INPUT).iifnameNot("lo").oifnameNot("cali*").counter().build(),
                Rule.in(INPUT).mark(0x4000, 0x4000).returns(),
                Rule.in(INPUT).in(PEERS, Field.IP_SADDR).tcp().dport(80).accept(),
                Rule.in(INPUT).notIn(PEERS, Field.IP_SADDR).udp().dport(8472).drop(),
                Rule.in(INPUT).ctState(CtKey.ESTABLISHED | CtKey.RELATED).accept(),
                Rule.in(INPUT).ctStatus(NfTables.IPS_DST_NAT).accept(),
                Rule.in(INPUT)
                        .saddr(prefix("10.0.0.0/8"))
                        .daddrNot(prefix("224.0.0.0/4"))
                        .accept(),
                Rule.in(INPUT)
                        .saddr(prefix("fd00::/64"))
                        .daddrNot(prefix("ff00::/8"))
                        .accept(),
                Rule.in(INPUT)
                        .saddrNot(prefix("10.1.2.3/32"))
                        .daddr(prefix("10.1.0.0/17"))
                        .goTo(other),
                Rule.in(INPUT).tcp().dport(80, 90).jump(other),
                Rule.in(INPUT).vmap(names, Field.IIFNAME),
                Rule.in(INPUT)
                        .nfproto(Family.IPV4)
                        .match(Field.PKTTYPE, Operator.EQ, Value.u8(1))
                        .drop(),
                Rule.in(INPUT)
                        .match(Field.CT_DIRECTION, Operator.EQ, Value.u8(0))
                        .accept(),
                Rule.in(INPUT).setMark(0x4000, 0x4000).build(),
                Rule.in(INPUT).update(seen, 5000, Field.IP_SADDR).build(),
                Rule.in(INPUT).limit(10, 5).accept(),
                Rule.in(INPUT).with(new Limit(10 << 20, 1, 0, true, true)).drop(),
                Rule.in(INPUT).with(new Log(5, "towpath", 64, 0)).build(),
                Rule.in(INPUT).with(new Log(Expression.NONE, "towpath", 0, 6)).build(),
                Rule.in(INPUT).with(new ConnLimit(10, true)).reject(),
                Rule.in(INPUT).tcp().rejectWithReset(),
                Rule.in(INPUT)
                        .with(new ObjectRef(NfTables.NFT_OBJECT_COUNTER, "packets"))
                        .build(),
                Rule.in(INPUT)
                        .with(new NumGen(1, true, 4, 0))
                        .with(new MetaSet(MetaKey.MARK, 1))
                        .build(),
                Rule.in(INPUT)
                        .with(new Meta(MetaKey.MARK, 1))
                        .with(new Range(1, true, Value.u32(0), Value.u32(0)))
                        .drop(),
                Rule.in(INPUT).fibSaddrLocal().drop(),
                Rule.in(INPUT).fibSaddrIifMissing().drop(),
                Rule.in(DSTNAT).fibDaddrLocal().dnat(FORWARDS, Field.L4PROTO, Field.DPORT),
                Rule.in(DSTNAT).tcp().dport(80).dnat(IpAddress.parse("10.0.0.1"), 8080),
                Rule.in(DSTNAT).tcp().dport(80).dnat(IpAddress.parse("fd00::1"), 0),
                Rule.in(DSTNAT).tcp().dport(80).redirect(8080),
                Rule.in(SRCNAT).masquerade(true),
                Rule.in(SRCNAT).masquerade(false),
                Rule.in(SRCNAT).snat(IpAddress.parse("10.0.0.1")));
        Transaction transaction = new Transaction()
                .add(TABLE)
                .add(INPUT)
                .add(DSTNAT)
                .add(SRCNAT)
                .add(other)
                .add(PEERS)
                .add(FORWARDS)
                .add(names)
                .add(seen)
                .addCounter(TABLE, "packets");
        rules.forEach(transaction::append);
        nft.commit(transaction);
        shows(
                "iifname \"cali*\" udp dport 8472 drop comment \"guard\"",
                "iifname != \"lo\" oifname != \"cali*\" counter packets 0 bytes 0",
                "meta mark & 0x00004000 == 0x00004000 return",
                "ip saddr @peers tcp dport 80 accept",
                "ip saddr != @peers udp dport 8472 drop",
                "ct state established,related accept",
                "ct status dnat accept",
                "ip saddr 10.0.0.0/8 ip daddr != 224.0.0.0/4 accept",
                "ip6 saddr fd00::/64 ip6 daddr != ff00::/8 accept",
                "ip saddr != 10.1.2.3 ip daddr 10.1.0.0/17 goto other",
                "tcp dport 80-90 jump other",
                "iifname vmap @names",
                "meta nfproto ipv4 meta pkttype broadcast drop",
                "ct direction original accept",
                "meta mark set meta mark | 0x00004000",
                "update @seen { ip saddr timeout 5s }",
                "limit rate 10/second accept",
                "limit rate over 10 mbytes/second drop",
                "log prefix \"towpath\" group 5 snaplen 64",
                "log prefix \"towpath\" level info",
                "ct count over 10 reject",
                "meta l4proto tcp reject with tcp reset",
                "counter name \"packets\"",
                "meta mark set numgen random mod 4",
                "fib saddr type local drop",
                "fib saddr . iif oif 0 drop",
                "fib daddr type local dnat ip to meta l4proto . th dport map @forwards",
                "tcp dport 80 dnat ip to 10.0.0.1:8080",
                "tcp dport 80 dnat ip6 to fd00::1",
                "tcp dport 80 redirect to :8080",
                "masquerade fully-random",
                "masquerade",
                "snat ip to 10.0.0.1");
        List<Rule> read = nft.rules(TABLE);
        assertEquals(rules.size(), read.size());
        for (int i = 0; i < rules.size(); i++) {
            assertTrue(rules.get(i).isSame(read.get(i)), rules.get(i) + "\n" + read.get(i));
        }
        assertEquals("guard", nft.rules(INPUT).get(0).comment());
        assertEquals(3, nft.rules(SRCNAT).size());
    }

    @Test
    void flowsAreOffloaded() throws Exception {
        Chain forward = Chain.base(TABLE, "forward", "filter", Hook.FORWARD, Chain.FILTER);
        Rule rule = Rule.in(forward)
                .ctState(CtKey.ESTABLISHED)
                .with(new FlowOffload("flows"))
                .build();
        try {
            nft.commit(new Transaction()
                    .add(TABLE)
                    .add(forward)
                    .addFlowtable(TABLE, "flows", 0, List.of("lo"))
                    .append(rule));
        } catch (NetlinkException e) {
            assumeFalse(e.is(Errno.ENOENT), "this kernel has no flow tables (CONFIG_NF_FLOW_TABLE)");
            throw e;
        }
        shows("ct state established flow add @flows", "devices = { lo }");
        assertTrue(nft.rules(TABLE).get(0).isSame(rule));
    }

    /** Each expression's text, made from what the kernel tells, is that of nft's own decoder. */
    @Test
    void rulesOfNftAreUnderstoodAsNftDoes() throws Exception {
        node.execute("nft", """
                table inet theirs {
                  map m { type mark : inet_service; }
                  set s { type ipv4_addr . inet_service; flags interval; }
                  set d { type ipv4_addr; flags dynamic,timeout; }
                  chain o { }
                  chain c { type filter hook input priority 0;
                    ip saddr . tcp dport @s accept
                    ip6 daddr fd00::1-fd00::9 counter
                    ct state vmap { established : accept, invalid : jump o }
                    ct original ip saddr 10.0.0.1 drop
                    meta mark set ct mark
                    ct mark set meta mark or 1
                    add @d { ip saddr timeout 5s }
                    fib saddr . iif oif missing drop
                    fib daddr . iif type local accept
                    log prefix "x" group 3 snaplen 10
                    meta mark set numgen inc mod 4 offset 2
                    tcp flags & (syn | ack) == syn reject with tcp reset
                    limit rate over 5/minute burst 9 packets goto o
                    iifname "eth*" oifname "eth0" ip protocol udp return
                    ct count 7 accept
                  }
                  chain n { type nat hook prerouting priority -100;
                    tcp dport 1 dnat ip to 10.0.0.1-10.0.0.9:80-90 random
                    udp dport 1 redirect to :80-81 persistent
                  }
                  chain p { type nat hook postrouting priority 100;
                    meta l4proto tcp masquerade to :1024-65535 random,persistent
                    snat ip6 to fd00::1 fully-random
                  }
                  chain r { type filter hook prerouting priority -300;
                    notrack
                  }
                }
                """);
        List<String> theirs = listed("--debug=netlink", "list", "table", "inet", "theirs").stream()
                .filter(line -> line.startsWith("[ "))
                .toList();
        List<String> ours = new ArrayList<>();
        for (Rule rule : nft.rules(Table.inet("theirs"))) {
            rule.expressions().forEach(expression -> ours.add("[ " + expression + " ]"));
        }
        assertEquals(String.join("\n", theirs), String.join("\n", ours));
    }

    @Test
    void elementsWithIntervalsCommentsAndTimeouts() throws Exception {
        NftSet both = NftSet.set(TABLE, "both", DataType.IPV4, DataType.PORT)
                .withIntervals()
                .withTimeouts();
        List<Element> peers = List.of(
                Element.of(prefix("10.0.0.0/8")).withComment("pods"),
                Element.of(address("192.168.1.5")),
                Element.of(address("192.168.1.6")),
                Element.range(address("240.0.0.9"), address("255.255.255.255")));
        List<Element> forwards = List.of(
                Element.of(forward(6, 80))
                        .to(Value.concat(address("10.0.0.1"), Value.be16(8080)))
                        .withComment("web"),
                Element.of(forward(17, 53)).to(Value.concat(address("10.0.0.2"), Value.be16(5353))));
        nft.commit(new Transaction()
                .add(TABLE)
                .add(PEERS)
                .add(PEERS, peers)
                .add(FORWARDS)
                .add(FORWARDS, forwards)
                .add(both)
                .add(
                        both,
                        List.of(
                                Element.range(
                                                Value.concat(address("10.0.0.0"), Value.be16(80)),
                                                Value.concat(address("10.0.0.255"), Value.be16(90)))
                                        .withTimeout(300_000),
                                Element.of(Value.concat(address("10.1.0.0"), Value.be16(1))))));
        assertEquals(peers, nft.elements(PEERS));
        assertEquals(new HashSet<>(forwards), new HashSet<>(nft.elements(FORWARDS)));
        List<Element> pairs = nft.elements(both);
        assertEquals(2, pairs.size());
        assertTrue(
                pairs.stream().anyMatch(e -> e.timeoutMillis() == 300_000 && e.expirationMillis() > 0),
                pairs::toString);
        String listed = String.join(" ", listed("list", "ruleset"));
        for (String part : List.of(
                "10.0.0.0/8 comment \"pods\"",
                "192.168.1.5",
                "240.0.0.9-255.255.255.255",
                "tcp . 80 comment \"web\" : 10.0.0.1 . 8080",
                "udp . 53 : 10.0.0.2 . 5353",
                "10.0.0.0/24 . 80-90 timeout 5m")) {
            assertTrue(listed.contains(part), () -> part + " is not in " + listed);
        }
        nft.commit(new Transaction().delete(PEERS, peers.subList(0, 2)).flush(FORWARDS));
        assertEquals(peers.subList(2, 4), nft.elements(PEERS));
        assertEquals(List.of(), nft.elements(FORWARDS));
    }

    @Test
    void verdictMapsJump() throws Exception {
        NftSet names = NftSet.verdicts(TABLE, "names", DataType.IFNAME);
        Chain pod = Chain.of(TABLE, "pod");
        List<Element> elements = List.of(
                Element.of(Value.name("cali1")).to(Verdict.jump("pod")),
                Element.of(Value.name("cali2")).to(Verdict.DROP));
        nft.commit(new Transaction().add(TABLE).add(pod).add(names).add(names, elements));
        assertEquals(new HashSet<>(elements), new HashSet<>(nft.elements(names)));
        String listed = String.join(" ", listed("list", "ruleset"));
        assertTrue(listed.contains("\"cali1\" : jump pod"), listed);
        NetlinkException busy = assertThrows(NetlinkException.class, () -> nft.commit(new Transaction().delete(pod)));
        assertTrue(busy.is(Errno.EBUSY), busy.getMessage());
    }

    @Test
    void rulesArePlacedReplacedAndDeletedByHandle() throws Exception {
        nft.commit(new Transaction()
                .add(TABLE)
                .add(INPUT)
                .append(Rule.in(INPUT).comment("b").accept())
                .append(Rule.in(INPUT).comment("d").accept())
                .insert(Rule.in(INPUT).comment("a").accept()));
        List<Rule> rules = nft.rules(INPUT);
        assertEquals(List.of("a", "b", "d"), rules.stream().map(Rule::comment).toList());
        nft.commit(new Transaction()
                .append(Rule.in(INPUT).comment("c").accept(), rules.get(1).handle())
                .insert(Rule.in(INPUT).comment("0").accept(), rules.get(0).handle())
                .replace(rules.get(2).handle(), Rule.in(INPUT).comment("D").drop()));
        assertEquals(
                List.of("0", "a", "b", "c", "D"),
                nft.rules(INPUT).stream().map(Rule::comment).toList());
        nft.commit(new Transaction().delete(rules.get(0)));
        assertEquals(4, nft.rules(INPUT).size());
        nft.commit(new Transaction().flush(INPUT));
        assertEquals(List.of(), nft.rules(INPUT));
    }

    @Test
    void allOrNothing() throws Exception {
        Transaction broken = new Transaction()
                .add(TABLE)
                .add(INPUT)
                .append(Rule.in(INPUT).in(PEERS, Field.IP_SADDR).accept())
                .delete(Table.inet("missing"));
        NetlinkException failure = assertThrows(NetlinkException.class, () -> nft.commit(broken));
        assertTrue(failure.is(Errno.ENOENT), failure.getMessage());
        assertTrue(
                failure.getMessage().startsWith("rule append inet towpath-test input [ meta load"),
                failure.getMessage());
        assertEquals(1, failure.getSuppressed().length);
        assertEquals(List.of(), nft.tables());
        nft.commit(new Transaction().add(TABLE));
        assertEquals(1, nft.tables().size());
    }

    @Test
    void manyFailuresAreToldByTheFirst() throws Exception {
        Transaction broken = new Transaction();
        for (int i = 0; i < 3000; i++) {
            broken.delete(Table.inet("missing" + i));
        }
        NetlinkException failure = assertThrows(NetlinkException.class, () -> nft.commit(broken));
        assertTrue(failure.is(Errno.ENOENT), failure.getMessage());
        assertEquals(List.of(), nft.tables());
    }

    @Test
    void transactionOfAPassedGenerationFails() throws Exception {
        int generation = nft.generation();
        nft.commit(new Transaction(generation).add(TABLE));
        assertNotEquals(generation, nft.generation());
        NetlinkException stale =
                assertThrows(NetlinkException.class, () -> nft.commit(new Transaction(generation).delete(TABLE)));
        assertTrue(stale.is(Errno.ERESTART), stale.getMessage());
        assertNotNull(nft.find(TABLE));
    }

    @Test
    void tensOfThousandsOfElementsInOneTransaction() throws Exception {
        NftSet many = NftSet.set(TABLE, "many", DataType.IPV4);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            elements.add(Element.of(address("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255)))
                    .withComment("number " + i));
        }
        nft.commit(new Transaction().add(TABLE).add(many).add(many, elements));
        List<Element> read = nft.elements(many);
        assertEquals(elements.size(), read.size());
        assertTrue(new HashSet<>(elements).equals(new HashSet<>(read)), "others than were added");
        nft.commit(new Transaction().delete(many, elements.subList(0, 49_999)));
        assertEquals(elements.subList(49_999, 50_000), nft.elements(many));
        assertFalse(nft.tables().isEmpty());
    }
}
