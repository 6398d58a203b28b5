package io.towpath.netlink.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.Rtnetlink;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NeedsRoot
class ConntrackKernelTest {
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final TestNamespace node = new TestNamespace();
    private final Conntrack conntrack;

    ConntrackKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            conntrack = Conntrack.open(netNs);
        }
        insert("udp", "10.0.0.1", "10.0.0.9", 1000, 53, "10.244.1.5", 5353);
        insert("udp", "10.0.0.1", "10.0.0.9", 1001, 54, "10.244.1.5", 5353);
        insert("udp", "10.0.0.2", "10.0.0.8", 1000, 53, "10.244.1.6", 5353);
        insert("udp", "fd00::1", "fd00::9", 1000, 53, "fd01::5", 5353);
        insert("tcp", "10.0.0.1", "10.0.0.9", 1000, 53, "10.244.1.5", 5353);
    }

    /** A connection whose destination is translated. */
    private void insert(String protocol, String from, String to, int sport, int dport, String behind, int port) {
        node.execute(("conntrack -I -p " + protocol + " -s " + from + " -d " + to + " --sport " + sport + " --dport "
                        + dport
                        + " -r " + behind + " -q " + from + " --reply-port-src " + port + " --reply-port-dst "
                        + sport + " -t 600 -u SEEN_REPLY" + (protocol.equals("tcp") ? " --state ESTABLISHED" : ""))
                .split(" "));
    }

    @AfterEach
    void close() {
        conntrack.close();
        node.close();
    }

    private int theirs(String... filter) {
        String[] command = new String[filter.length + 2];
        command[0] = "conntrack";
        command[1] = "-L";
        System.arraycopy(filter, 0, command, 2, filter.length);
        return (int) node.execute(command)
                .lines()
                .filter(line -> line.contains("dport="))
                .count();
    }

    @Test
    void connectionsAreSeenWithBothDirections() throws Exception {
        List<Connection> found = conntrack.list(
                Rtnetlink.AF_UNSPEC, each -> each.original().destination().equals(IpAddress.parse("10.0.0.8")));
        assertEquals(1, found.size());
        assertEquals(
                "proto 17 src 10.0.0.2 dst 10.0.0.8 sport 1000 dport 53"
                        + " reply proto 17 src 10.244.1.6 dst 10.0.0.2 sport 5353 dport 1000",
                found.get(0).toString());
        assertEquals(5, conntrack.count());
        assertEquals(5, conntrack.list(Rtnetlink.AF_UNSPEC, _ -> true).size());
        assertEquals(1, conntrack.list(Rtnetlink.AF_INET6, _ -> true).size());
    }

    /** As they are told by the kernel, which knows nothing but the filter, and among all. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theKernelFindsWhatAFilterMeans(boolean byKernel) throws Exception {
        for (Map.Entry<Filter, Integer> each : Map.of(
                        Filter.from(IpAddress.parse("10.0.0.1")), 3,
                        Filter.from(IpAddress.parse("10.0.0.3")), 0,
                        Filter.from(IpAddress.parse("fd00::1")), 1,
                        Filter.from(IpAddress.parse("fd00::9")), 0,
                        Filter.answeredBy(IpAddress.parse("10.244.1.5")), 3,
                        Filter.answeredBy(IpAddress.parse("10.0.0.9")), 0,
                        Filter.answeredBy(IpAddress.parse("fd01::5")), 1,
                        Filter.to(false, UDP, 53), 2,
                        Filter.to(true, UDP, 53), 1,
                        Filter.to(true, TCP, 53), 0)
                .entrySet()) {
            assertEquals(
                    each.getValue(),
                    conntrack.list(List.of(each.getKey()), _ -> true, byKernel).size(),
                    () -> each.getKey().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatSeveralFiltersMeanIsToldOnce(boolean byKernel) throws Exception {
        List<Filter> filters = List.of(
                Filter.from(IpAddress.parse("10.0.0.1")),
                Filter.answeredBy(IpAddress.parse("10.244.1.5")),
                Filter.to(true, UDP, 53));
        assertEquals(4, conntrack.list(filters, _ -> true, byKernel).size());
        assertEquals(
                1,
                conntrack
                        .list(filters, each -> each.original().protocol() == TCP, byKernel)
                        .size());
        assertEquals(0, conntrack.list(List.of(), _ -> true, byKernel).size());
    }

    @Test
    void fewOfManyAreFound() throws Exception {
        node.ip("link", "set", "lo", "up");
        node.execute("nft", "table inet t { chain c { type filter hook output priority 0; ct state new accept; }; }");
        node.inside(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (int i = 0; i < 10_000; i++) {
                    InetAddress to = InetAddress.getByAddress(new byte[] {127, 1, (byte) (i >> 8), (byte) i});
                    socket.send(new DatagramPacket(new byte[1], 1, to, 9));
                }
            }
        });
        assertTrue(conntrack.count() >= 10_000);
        List<Connection> told = new ArrayList<>();
        List<Connection> found = conntrack.list(List.of(Filter.answeredBy(IpAddress.parse("127.1.7.77"))), told::add);
        assertEquals(1, found.size());
        assertEquals(found, told, "the kernel tells of no others");
        assertEquals(found, conntrack.list(Rtnetlink.AF_UNSPEC, each -> found.contains(each)));
    }

    @Test
    void whatIsListedIsForgotten() throws Exception {
        List<Connection> found = conntrack.list(List.of(Filter.to(false, UDP, 53)), _ -> true);
        assertEquals(2, conntrack.delete(found));
        assertEquals(2, theirs("-f", "ipv4"));
        assertEquals(1, theirs("-f", "ipv6"));
        assertEquals(0, conntrack.delete(found));
        assertEquals(1, conntrack.delete(conntrack.list(Rtnetlink.AF_INET6, _ -> true)));
        assertEquals(0, theirs("-f", "ipv6"));
    }

    @Test
    void pingsAreForgottenToo() throws Exception {
        node.ip("link", "set", "lo", "up");
        node.execute("nft", "table inet t { chain c { type filter hook input priority 0; ct state new accept; }; }");
        node.execute("ping", "-c1", "-W5", "127.0.0.1");
        Predicate<Connection> pings = each -> each.original().protocol() == 1;
        assertTrue(conntrack.delete(conntrack.list(Rtnetlink.AF_UNSPEC, pings)) > 0);
        assertEquals(List.of(), conntrack.list(Rtnetlink.AF_UNSPEC, pings));
    }
}
