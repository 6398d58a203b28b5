package io.towpath.netlink.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.Rtnetlink;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class ConntrackKernelTest {
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
        List<Connection> found = conntrack.list(Filter.all().to(IpAddress.parse("10.0.0.8"), 53));
        assertEquals(
                "proto 17 src 10.0.0.2 dst 10.0.0.8 sport 1000 dport 53"
                        + " reply proto 17 src 10.244.1.6 dst 10.0.0.2 sport 5353 dport 1000",
                found.get(0).toString());
        assertEquals(5, conntrack.list(Filter.all()).size());
        assertEquals(
                1, conntrack.list(Filter.all().withFamily(Rtnetlink.AF_INET6)).size());
    }

    @Test
    void thoseToAPortAreForgotten() throws Exception {
        assertEquals(
                2,
                conntrack.delete(Filter.all()
                        .withFamily(Rtnetlink.AF_INET)
                        .withProtocol(UDP)
                        .to(null, 53)));
        assertEquals(2, theirs("-f", "ipv4"));
        assertEquals(1, theirs("-f", "ipv6"));
        assertEquals(
                0,
                conntrack.delete(Filter.all()
                        .withFamily(Rtnetlink.AF_INET)
                        .withProtocol(UDP)
                        .to(null, 53)));
    }

    @Test
    void thoseOfAPodAreForgotten() throws Exception {
        assertEquals(3, conntrack.delete(Filter.all().answeredBy(IpAddress.parse("10.244.1.5"), 5353)));
        assertEquals(1, theirs("-f", "ipv4"));
        assertEquals(1, conntrack.delete(Filter.all().answeredBy(IpAddress.parse("fd01::5"), 0)));
        assertEquals(0, theirs("-f", "ipv6"));
    }

    @Test
    void pingsAreForgottenToo() throws Exception {
        node.ip("link", "set", "lo", "up");
        node.execute("nft", "table inet t { chain c { type filter hook input priority 0; ct state new accept; }; }");
        node.execute("ping", "-c1", "-W5", "127.0.0.1");
        assertTrue(conntrack.delete(Filter.all().withProtocol(1)) > 0);
        assertEquals(List.of(), conntrack.list(Filter.all().withProtocol(1)));
    }
}
