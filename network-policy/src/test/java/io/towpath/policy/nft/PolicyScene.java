package io.towpath.policy.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.policy.ruleset.Endpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A node with three pods, a to c, and the world at its eth0. A table of its own counts which probes got through. */
final class PolicyScene implements AutoCloseable {
    static final String GATEWAY_MAC = "ee:ee:ee:ee:ee:ee";

    /** How many times slower than others this machine is, as an emulated one may be. */
    private static final int SLOWNESS = Integer.getInteger("towpath.slowness", 1);

    private static final Table WITNESS = Table.inet("witness");

    final TestNamespace node = new TestNamespace();
    final Pod a = new Pod(1);
    final Pod b = new Pod(2);
    final Pod c = new Pod(3);
    final Pod world = new Pod(0);
    final Nft nft;
    final TableManager tables;
    final List<TableManager.Remake> remakes = new ArrayList<>();
    final PolicyTable table;

    /** A namespace with an interface, and its addresses. */
    static final class Pod {
        final TestNamespace namespace = new TestNamespace();
        final String link;
        final String v4;
        final String v6;

        Pod(int number) {
            link = number == 0 ? "eth0" : "cali" + "0".repeat(10) + number;
            v4 = number == 0 ? "192.168.0.9" : "10.1.0." + number;
            v6 = number == 0 ? "fd00::9" : "fd01::" + number;
        }

        String address(boolean ipv6) {
            return ipv6 ? v6 : v4;
        }

        List<Endpoint> endpoints() {
            return List.of(new Endpoint(link, IpAddress.parse(v4)), new Endpoint(link, IpAddress.parse(v6)));
        }
    }

    PolicyScene() throws Exception {
        node.execute(
                "sysctl",
                "-qw",
                "net.ipv4.ip_forward=1",
                "net.ipv6.conf.all.forwarding=1",
                "net.ipv4.conf.all.rp_filter=0",
                "net.ipv4.conf.default.rp_filter=0");
        node.ip("link", "set", "lo", "up");
        for (Pod pod : List.of(world, a, b, c)) {
            connect(pod);
        }
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("address", "add", "fd00::1/64", "dev", "eth0", "nodad");
        node.execute(
                "nft",
                "add table inet witness;"
                        + " add chain inet witness forwarded { type filter hook postrouting priority 300; };"
                        + " add chain inet witness delivered { type filter hook input priority 300; };"
                        + " add rule inet witness forwarded ip dscp ef counter;"
                        + " add rule inet witness forwarded ip6 dscp ef counter;"
                        + " add rule inet witness delivered ip dscp ef counter;"
                        + " add rule inet witness delivered ip6 dscp ef counter");
        try (NetNs netNs = node.open()) {
            nft = Nft.open(netNs);
            tables = TableManager.open(netNs, remakes::add);
        }
        table = table(PolicyOptions.silent());
    }

    /** Without link-local addresses, so that nobody sends anything of itself. */
    private void connect(Pod pod) {
        String name = String.valueOf(Path.of(pod.namespace.path()).getFileName());
        node.ip("link", "add", pod.link, "address", GATEWAY_MAC, "type", "veth", "peer", "name", "eth0", "netns", name);
        node.ip("link", "set", pod.link, "addrgenmode", "none");
        pod.namespace.ip("link", "set", "eth0", "addrgenmode", "none");
        node.ip("link", "set", pod.link, "up");
        pod.namespace.ip("link", "set", "eth0", "up");
        // What arrives is not answered.
        pod.namespace.execute(
                "nft",
                "add table inet deaf; add chain inet deaf in { type filter hook prerouting priority -300; };"
                        + " add rule inet deaf in ip dscp ef drop; add rule inet deaf in ip6 dscp ef drop");
        pod.namespace.ip("address", "add", pod.v4 + "/32", "dev", "eth0");
        pod.namespace.ip("address", "add", pod.v6 + "/128", "dev", "eth0", "nodad");
        pod.namespace.ip("neigh", "add", "169.254.1.1", "lladdr", GATEWAY_MAC, "dev", "eth0");
        pod.namespace.ip("neigh", "add", "fe80::1", "lladdr", GATEWAY_MAC, "dev", "eth0");
        pod.namespace.ip("route", "add", "default", "via", "169.254.1.1", "dev", "eth0", "onlink");
        pod.namespace.ip("route", "add", "default", "via", "fe80::1", "dev", "eth0", "onlink");
        node.ip("route", "add", pod.v4, "dev", pod.link);
        node.ip("route", "add", pod.v6, "dev", pod.link);
    }

    /** Traffic before there is a table, or a test that it ends would show nothing. */
    void requireTraffic() throws Exception {
        assertTrue(passes(a, RawPacket.udp(a.v4, 1, b.v4, 1)));
        assertTrue(passes(a, RawPacket.udp(a.v6, 1, b.v6, 1)));
    }

    /** Puts rules into the table that are not in it yet. */
    void force(Rulesets rulesets) throws Exception {
        assertEquals(ManagedTable.Outcome.CHANGED, table.sync(rulesets.build()));
    }

    /** Whether a packet gets through: known when it was counted behind the table, or dropped by it. */
    boolean passes(TestNamespace from, RawPacket packet) throws Exception {
        long passed = passed();
        long all = passed + dropped();
        from.inside(() -> RawSocket.send(packet));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20L * SLOWNESS);
        while (passed() + dropped() == all) {
            assertTrue(System.nanoTime() < deadline, () -> "neither passed nor dropped: " + packet);
            Thread.onSpinWait();
        }
        return passed() > passed;
    }

    boolean passes(Pod from, RawPacket packet) throws Exception {
        return passes(from.namespace, packet);
    }

    /** The same of one that begins a connection by TCP. */
    boolean passes(Pod from, Pod to, boolean ipv6, int port) throws Exception {
        return passes(from, RawPacket.syn(from.address(ipv6), to.address(ipv6), port));
    }

    private long passed() throws Exception {
        return counted(nft.rules(WITNESS));
    }

    private long dropped() throws Exception {
        List<Rule> dropping = new ArrayList<>(nft.rules(Table.inet(PolicyTable.NAME)));
        dropping.removeIf(rule -> !rule.toString().contains("drop"));
        return counted(dropping);
    }

    private static long counted(List<Rule> rules) {
        return rules.stream()
                .flatMap(rule -> rule.expressions().stream())
                .mapToLong(step -> step instanceof Counter counter ? counter.packets() : 0)
                .sum();
    }

    String nft(String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "nft";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return node.execute(command);
    }

    @Override
    public void close() {
        nft.close();
        tables.close();
        for (Pod pod : List.of(world, a, b, c)) {
            pod.namespace.close();
        }
        node.close();
    }

    /** A table of which nobody knows what there is of it, as of a process that has just begun. */
    final PolicyTable table(PolicyOptions options) {
        return new PolicyTable(tables, options, () -> {});
    }
}
