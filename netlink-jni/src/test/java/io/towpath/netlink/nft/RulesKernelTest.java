package io.towpath.netlink.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetlinkException;
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
import org.junit.jupiter.api.Test;

@NeedsRoot
class RulesKernelTest extends NftScene {
    RulesKernelTest() throws NetlinkException {}

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
}
