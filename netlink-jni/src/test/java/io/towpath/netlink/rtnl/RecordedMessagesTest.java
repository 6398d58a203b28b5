package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Recorded;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a real kernel sent is understood, also where there is none to ask. */
class RecordedMessagesTest {
    @FunctionalInterface
    private interface Decoder<T> {
        @Nullable
        T decode(int type, ByteBuffer payload) throws NetlinkException;
    }

    private static <T> List<T> all(int type, Decoder<T> decoder) throws NetlinkException {
        List<T> values = new ArrayList<>();
        for (byte[] message : Recorded.messages(type)) {
            T value = decoder.decode(type, Recorded.payload(message));
            if (value != null) {
                values.add(value);
            }
        }
        return values;
    }

    @Test
    void links() throws Exception {
        List<Link> links = all(Rtnetlink.RTM_NEWLINK, LinkDecoder::read);
        assertEquals(
                List.of("lo", "eth0", "cali0", "flannel.1", "br0"),
                links.stream().map(Link::name).toList());
        Link cali = links.get(2);
        assertEquals(MacAddress.parse("ee:ee:ee:ee:ee:ee"), cali.mac());
        assertEquals(1450, cali.mtu());
        assertEquals("note", cali.alias());
        assertEquals(2, cali.parentIndex());
        assertEquals(-1, cali.peerNsid());
        assertTrue(cali.isUp());
        assertEquals("veth", cali.kind().name());
        assertEquals(1, cali.ipv4(Ipv4Devconf.SEND_REDIRECTS));
        assertEquals(0, cali.addrGenMode());
        Vxlan vxlan = links.get(3).vxlan();
        assertEquals(
                Vxlan.builder(1)
                        .port(8472)
                        .linkIndex(3)
                        .local(IpAddress.parse("10.0.0.1"))
                        .build(),
                vxlan);
        assertEquals("bridge", links.get(4).kind().name());
    }

    @Test
    void addresses() throws Exception {
        List<String> texts = all(Rtnetlink.RTM_NEWADDR, AddressCodec::read).stream()
                .map(Address::toString)
                .toList();
        assertTrue(texts.contains("127.0.0.1/8 dev 1 scope host"), texts.toString());
        assertTrue(texts.contains("10.0.0.1/24 dev 3"), texts.toString());
        assertTrue(texts.contains("10.0.0.5/32 peer 10.0.0.6 dev 2"), texts.toString());
        assertTrue(texts.contains("fd00::1/64 dev 3 nodad"), texts.toString());
    }

    @Test
    void routes() throws Exception {
        List<String> texts = new ArrayList<>();
        for (int family : new int[] {Rtnetlink.AF_INET, Rtnetlink.AF_INET6}) {
            all(Rtnetlink.RTM_NEWROUTE, (type, payload) -> RouteCodec.read(family, type, payload))
                    .forEach(route -> texts.add(route.toString()));
        }
        for (String expected : List.of(
                "0.0.0.0/0 via 10.0.0.254 dev 3 table 1000 metric 77",
                "10.244.2.0/24 via 10.244.2.0 dev 4 mtu 1400 advmss 1360 onlink",
                "10.9.0.0/16 via fd00::9 dev 3",
                "10.8.0.0/16",
                "type 6 10.7.0.0/16",
                "10.0.0.0/24 dev 3 scope link src 10.0.0.1",
                "fd09::/32 via fd00::9 dev 3 metric 1024")) {
            assertTrue(texts.contains(expected), () -> expected + " in " + texts);
        }
    }

    @Test
    void neighboursAndForwardingEntries() throws Exception {
        List<String> neighbours = all(Rtnetlink.RTM_NEWNEIGH, NeighbourCodec::read).stream()
                .map(Neighbour::toString)
                .toList();
        assertTrue(
                neighbours.contains("10.244.2.0 lladdr 02:aa:bb:cc:dd:02 dev 4 nud permanent"), neighbours.toString());
        assertTrue(neighbours.contains("fd00::9 lladdr 02:aa:bb:cc:dd:02 dev 3 nud permanent"), neighbours.toString());
        List<FdbEntry> entries = all(Rtnetlink.RTM_NEWNEIGH, NeighbourCodec::readFdb);
        assertTrue(
                entries.stream()
                        .anyMatch(entry -> entry.isPermanent()
                                && entry.linkIndex() == 4
                                && "192.168.0.2".equals(String.valueOf(entry.remote()))),
                entries.toString());
    }

    @Test
    void trafficControl() throws Exception {
        List<Qdisc> qdiscs = all(TrafficControl.RTM_NEWQDISC, TrafficCodec::readQdisc);
        assertTrue(qdiscs.contains(Qdisc.ingress(3)), qdiscs.toString());
        Qdisc.Tbf slow = new Qdisc.Tbf(1_250_000, 102_400, 133_650);
        Qdisc.Tbf fast = new Qdisc.Tbf(6_250_000_000L, 1_048_576, 157_298_576);
        assertTrue(
                qdiscs.stream().anyMatch(qdisc -> qdisc.linkIndex() == 4 && slow.isShownAs(qdisc.kind())),
                qdiscs.toString());
        assertTrue(
                qdiscs.stream().anyMatch(qdisc -> qdisc.linkIndex() == 3 && fast.isShownAs(qdisc.kind())),
                qdiscs.toString());
        List<Filter> filters = all(TrafficControl.RTM_NEWTFILTER, TrafficCodec::readFilter);
        assertEquals(
                List.of(Filter.redirect(3, 1, 4)),
                filters.stream().filter(filter -> filter.redirectTo() != 0).toList());
    }
}
