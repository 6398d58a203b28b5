package io.towpath.netlink.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.ObjectRef;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.Hook;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.Verdict;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What nftables does, be it the real one or the fake: where they differ, the fake is wrong. */
abstract class NftContract {
    private static final Table TABLE = Table.inet("t");
    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, Chain.FILTER);
    private static final Chain POD = Chain.of(TABLE, "pod");
    private static final NftSet PEERS =
            NftSet.set(TABLE, "peers", DataType.IPV4).withIntervals();
    private static final NftSet NAMES = NftSet.verdicts(TABLE, "names", DataType.IFNAME);
    private static final NftSet PORTS = NftSet.map(TABLE, "ports", List.of(DataType.PORT), List.of(DataType.IPV4));

    abstract Nft nft();

    private static Transaction tables() {
        return new Transaction()
                .add(TABLE)
                .add(INPUT)
                .add(POD)
                .add(PEERS)
                .add(NAMES)
                .add(PORTS);
    }

    private void refuses(int errno, Transaction transaction) throws NetlinkException {
        int before = nft().generation();
        NetlinkException refusal = assertThrows(NetlinkException.class, () -> nft().commit(transaction));
        assertTrue(refusal.is(errno), refusal.getMessage());
        assertEquals(before, nft().generation());
    }

    private static Value address(String text) {
        return Value.of(IpAddress.parse(text));
    }

    @Test
    void objectsAreAddedOnceAndListed() throws Exception {
        nft().commit(tables());
        nft().commit(tables());
        assertEquals(1, nft().tables().size());
        assertEquals(
                List.of(INPUT.toString(), POD.toString()),
                nft().chains(TABLE).stream().map(Chain::toString).toList());
        assertEquals(
                List.of(PEERS.toString(), NAMES.toString(), PORTS.toString()),
                nft().sets(TABLE).stream().map(NftSet::toString).toList());
        refuses(Errno.EEXIST, new Transaction().create(TABLE));
        refuses(Errno.EOPNOTSUPP, new Transaction().add(Chain.base(TABLE, "input", "filter", Hook.INPUT, 7)));
        nft().commit(new Transaction().add(INPUT.withDropPolicy(true)));
        assertEquals(
                INPUT.withDropPolicy(true).toString(),
                nft().chains(TABLE).get(0).toString());
    }

    @Test
    void whatIsNotThereIsRefused() throws Exception {
        refuses(Errno.ENOENT, new Transaction().delete(TABLE));
        refuses(Errno.ENOENT, new Transaction().add(INPUT));
        refuses(Errno.ENOENT, new Transaction().add(PEERS, List.of(Element.of(address("10.0.0.1")))));
        nft().commit(tables());
        refuses(Errno.ENOENT, new Transaction().delete(Chain.of(TABLE, "missing")));
        refuses(Errno.ENOENT, new Transaction().delete(PEERS, List.of(Element.of(address("10.0.0.1")))));
        refuses(
                Errno.ENOENT,
                new Transaction().append(Rule.in(Chain.of(TABLE, "missing")).accept()));
        NftSet missing = NftSet.set(TABLE, "missing", DataType.IPV4);
        refuses(Errno.ENOENT, new Transaction().delete(missing));
        refuses(
                Errno.ENOENT,
                new Transaction()
                        .append(Rule.in(INPUT).in(missing, Field.IP_SADDR).accept()));
        refuses(Errno.ENOENT, new Transaction().append(Rule.in(INPUT).jump(Chain.of(TABLE, "missing"))));
        refuses(Errno.ENOENT, new Transaction().replace(4711, Rule.in(INPUT).accept()));
        assertTrue(assertThrows(NetlinkException.class, () -> nft().elements(missing))
                .is(Errno.ENOENT));
        assertEquals(List.of(), nft().rules(Table.inet("missing")));
        assertEquals(List.of(), nft().sets(Table.inet("missing")));
        assertEquals(List.of(), nft().chains(Table.inet("missing")));
    }

    @Test
    void aChainIsFoundByItsNameAndDeletedAsTheVeryOne() throws Exception {
        assertNull(nft().find(POD));
        nft().commit(tables());
        assertNull(nft().find(Chain.of(TABLE, "missing")));
        Chain first = nft().find(POD);
        assertEquals(POD.toString(), String.valueOf(first));
        nft().commit(new Transaction().delete(POD).add(POD));
        Chain second = nft().find(POD);
        refuses(Errno.ENOENT, new Transaction().deleteSame(Objects.requireNonNull(first)));
        nft().commit(new Transaction().deleteSame(Objects.requireNonNull(second)));
        assertNull(nft().find(POD));
    }

    @Test
    void whatIsUsedStays() throws Exception {
        nft().commit(tables().append(Rule.in(INPUT).in(PEERS, Field.IP_SADDR).jump(POD))
                .append(Rule.in(POD).accept()));
        refuses(Errno.EBUSY, new Transaction().delete(PEERS));
        refuses(Errno.EBUSY, new Transaction().delete(POD));
        nft().commit(new Transaction().flush(INPUT).delete(PEERS).delete(POD));
        assertEquals(List.of(), nft().rules(TABLE));
        nft().commit(new Transaction()
                .add(POD)
                .add(NAMES, List.of(Element.of(Value.name("a")).to(Verdict.jump("pod")))));
        refuses(Errno.EBUSY, new Transaction().delete(POD));
        nft().commit(new Transaction().flush(NAMES).delete(POD));
    }

    @Test
    void allOrNothing() throws Exception {
        nft().commit(tables().append(Rule.in(INPUT).accept()));
        refuses(
                Errno.ENOENT,
                new Transaction()
                        .flush(TABLE)
                        .add(PEERS, List.of(Element.of(address("10.0.0.1"))))
                        .delete(Chain.of(TABLE, "missing"))
                        .add(Table.inet("other")));
        assertEquals(1, nft().rules(TABLE).size());
        assertEquals(List.of(), nft().elements(PEERS));
        assertEquals(1, nft().tables().size());
    }

    @Test
    void generationBindsATransaction() throws Exception {
        int generation = nft().generation();
        nft().commit(new Transaction(generation).add(TABLE));
        assertNotEquals(generation, nft().generation());
        refuses(Errno.ERESTART, new Transaction(generation).delete(TABLE));
        assertNotNull(nft().find(TABLE));
        int unchanged = nft().generation();
        nft().commit(new Transaction());
        assertEquals(unchanged, nft().generation());
        nft().commit(new Transaction(0).delete(TABLE));
        assertNull(nft().find(TABLE), "0 binds to no generation");
    }

    @Test
    void elementsOfSetsAndMaps() throws Exception {
        List<Element> peers = List.of(
                Element.of(IpPrefix.parse("10.0.0.0/8")).withComment("pods"),
                Element.of(address("192.168.1.5")),
                Element.of(address("192.168.1.6")));
        Element web = Element.of(Value.be16(80)).to(address("10.0.0.1"));
        nft().commit(tables().add(PEERS, peers).add(PORTS, List.of(web)));
        nft().commit(new Transaction().add(PEERS, peers).add(PORTS, List.of(web)));
        assertEquals(peers, nft().elements(PEERS));
        assertEquals(List.of(web), nft().elements(PORTS));
        refuses(Errno.EEXIST, new Transaction().add(PORTS, List.of(web.to(address("10.0.0.2")))));
        refuses(Errno.EEXIST, new Transaction().create(PORTS, List.of(web)));
        nft().commit(new Transaction()
                .delete(PORTS, List.of(web))
                .add(PORTS, List.of(web.to(address("10.0.0.2"))))
                .delete(PEERS, peers.subList(0, 1)));
        assertEquals(List.of(web.to(address("10.0.0.2"))), nft().elements(PORTS));
        assertEquals(new HashSet<>(peers.subList(1, 3)), new HashSet<>(nft().elements(PEERS)));
    }

    @Test
    void rulesAreOrdered() throws Exception {
        nft().commit(tables().append(Rule.in(INPUT).comment("b").accept())
                .append(Rule.in(POD).comment("pod").drop())
                .append(Rule.in(INPUT).comment("d").accept())
                .insert(Rule.in(INPUT).comment("a").udp().dport(8472).drop()));
        List<Rule> rules = nft().rules(INPUT);
        nft().commit(new Transaction()
                .append(Rule.in(INPUT).comment("c").accept(), rules.get(1).handle())
                .insert(Rule.in(INPUT).comment("0").accept(), rules.get(0).handle())
                .replace(rules.get(2).handle(), Rule.in(INPUT).comment("D").drop())
                .delete(rules.get(1)));
        assertEquals(
                List.of("0", "a", "c", "D", "pod"),
                nft().rules(TABLE).stream().map(Rule::comment).toList());
        assertTrue(nft().rules(INPUT).get(1).isSame(rules.get(0)));
        refuses(Errno.ENOENT, new Transaction().delete(rules.get(1)));
        nft().commit(new Transaction().delete(POD).flush(INPUT));
        assertEquals(List.of(), nft().rules(TABLE));
    }

    @Test
    void counterIsBusyWhileItIsUsed() throws Exception {
        nft().commit(tables().addCounter(TABLE, "hits"));
        Rule rule = Rule.in(INPUT).with(new ObjectRef(1, "hits")).build();
        nft().commit(new Transaction().append(rule));
        refuses(Errno.EBUSY, new Transaction().deleteCounter(TABLE, "hits"));
        nft().commit(new Transaction().flush(INPUT).deleteCounter(TABLE, "hits"));
        refuses(Errno.ENOENT, new Transaction().append(rule));
    }
}
