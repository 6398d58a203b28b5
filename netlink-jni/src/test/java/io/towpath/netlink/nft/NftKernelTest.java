package io.towpath.netlink.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetlinkException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

@NeedsRoot
class NftKernelTest extends NftScene {
    NftKernelTest() throws NetlinkException {}

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
