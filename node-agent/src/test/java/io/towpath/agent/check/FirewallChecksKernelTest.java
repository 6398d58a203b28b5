package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.check.Finding.Verdict;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.UnderlayChoice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Firewalls as distributions set them up: what kills the overlay is named, and what does not is not. */
@NeedsRoot
class FirewallChecksKernelTest {
    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private final Cluster cluster = new Cluster(
            List.of(IpPrefix.parse("10.244.0.0/16"), IpPrefix.parse("fd00:10:244::/48")),
            "a",
            UnderlayChoice.AUTOMATIC,
            1,
            8472,
            0,
            false,
            false,
            false,
            List.of(member("a", 1), member("b", 2)));

    private static Cluster.Node member(String name, int number) {
        return new Cluster.Node(
                name,
                List.of(
                        IpPrefix.parse("10.244." + number + ".0/24"),
                        IpPrefix.parse("fd00:10:244:" + number + "::/64")),
                List.of(IpAddress.parse("192.168.0." + number), IpAddress.parse("fd01::" + number)),
                null,
                null);
    }

    @BeforeEach
    void make() {
        node.ip("link", "set", "lo", "up");
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch0");
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("link", "set", "switch0", "up");
        node.ip("link", "set", "eth0", "up");
        node.execute(
                "sh",
                "-c",
                "ip link add flannel.1 type vxlan id 1 dev eth0 local 192.168.0.1 dstport 8472 nolearning;"
                        + " ip link set flannel.1 up; ip link add cali0123456789a type veth peer name pod0");
    }

    @AfterEach
    void remove() {
        node.close();
    }

    private List<Finding> look() throws Exception {
        try (NetNs netNs = NetNs.open(node.path())) {
            FirewallChecks checks = new FirewallChecks(Picture.of(netNs, cluster, folder.toString()));
            return List.of(checks.port(), checks.forward(), checks.toNode());
        }
    }

    private void nft(String rules) throws IOException {
        Path file = Files.writeString(folder.resolve("rules"), rules, StandardCharsets.UTF_8);
        node.execute("nft", "-f", file.toString());
    }

    private void assertAllPass() throws Exception {
        for (Finding each : look()) {
            assertEquals(Verdict.OK, each.verdict(), each::toString);
        }
    }

    /** @param parts of what is found of the three, empty for nothing */
    private void assertFound(String... parts) throws Exception {
        List<Finding> found = look();
        for (int i = 0; i < parts.length; i++) {
            Finding each = found.get(i);
            assertEquals(parts[i].isEmpty(), each.verdict() == Verdict.OK, each::toString);
            assertTrue(each.found().contains(parts[i]), each::toString);
            assertEquals(parts[i].isEmpty(), each.mend().isEmpty());
            if (!parts[i].isEmpty() && i < 2) {
                assertEquals(Verdict.FAIL, each.verdict(), each::toString);
            }
        }
    }

    @Test
    void withoutAFirewallAllPasses() throws Exception {
        assertAllPass();
    }

    /** As firewalld has its zones: policy accept, a goto by zone, and a reject at the end. */
    private static final String ZONES = """
            table inet firewalld {
              chain filter_INPUT {
                type filter hook input priority filter + 10; policy accept;
                ct state { established, related } accept
                ct status dnat accept
                iifname "lo" accept
                ct state invalid drop
                jump filter_INPUT_ZONES
                reject with icmpx admin-prohibited
              }
              chain filter_FORWARD {
                type filter hook forward priority filter + 10; policy accept;
                ct state { established, related } accept
                ct status dnat accept
                iifname "lo" accept
                ct state invalid drop
                ip6 daddr { ::/96, ::ffff:0.0.0.0/96 } reject with icmpv6 addr-unreachable
                jump filter_FORWARD_ZONES
                reject with icmpx admin-prohibited
              }
              chain filter_INPUT_ZONES {
                %s
                iifname "eth0" goto filter_IN_public
                goto filter_IN_public
              }
              chain filter_FORWARD_ZONES {
                %s
                iifname "eth0" goto filter_FWD_public
                goto filter_FWD_public
              }
              chain filter_IN_public {
                tcp dport 22 accept
                ip6 daddr fe80::/64 udp dport 546 accept
                %s
                meta l4proto { icmp, ipv6-icmp } accept
                reject with icmpx admin-prohibited
              }
              chain filter_FWD_public { oifname "eth0" iifname "eth0" accept; reject with icmpx admin-prohibited; }
              chain filter_IN_trusted { accept; }
              chain filter_FWD_trusted { accept; }
            }
            """;

    @Test
    void firewalldsZones() throws Exception {
        nft(ZONES.formatted("", "", ""));
        String name = "firewalld (nftables chain inet firewalld filter_";
        assertFound(
                name + "INPUT) rejects the overlay's packets to UDP port 8472",
                name + "FORWARD) rejects packets from pods to other nodes",
                name + "INPUT) rejects packets from pods to this node");
        assertTrue(look().get(0).mend().startsWith("firewall-cmd --permanent --add-port=8472/udp && "));
        assertTrue(look().get(1).mend().contains("--zone=trusted --add-source=10.244.0.0/16 && firewall-cmd --reload"));
        node.execute("nft", "flush ruleset");
        String trusted =
                "ip saddr 10.244.0.0/16 goto filter_%1$s_trusted\nip6 saddr fd00:10:244::/48 goto filter_%1$s_trusted\n";
        nft(ZONES.formatted(trusted.formatted("IN"), trusted.formatted("FWD"), "udp dport 8472 accept"));
        assertAllPass();
    }

    @Test
    void chainsThatNothingLeadsToAreNoHarm() throws Exception {
        nft("""
                table ip filter {
                  chain x { drop; }
                  chain INPUT { type filter hook input priority filter; policy accept; }
                }
                """);
        assertAllPass();
    }

    /** RHEL's and Oracle's, by iptables-nft. */
    @Test
    void iptablesRulesThatEndInReject() throws Exception {
        node.execute(
                "sh",
                "-ec",
                "for c in iptables-nft ip6tables-nft; do"
                        + " $c -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT; $c -A INPUT -i lo -j ACCEPT;"
                        + " $c -A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT;"
                        + " $c -A INPUT -j REJECT; $c -A FORWARD -j REJECT; done");
        assertFound(
                "iptables (nftables chain ip filter INPUT) rejects the overlay's packets",
                "iptables (nftables chain ip filter FORWARD) rejects packets from pods to other nodes",
                "iptables (nftables chain ip filter INPUT) rejects packets from pods");
        assertTrue(look().get(0).mend().startsWith("iptables -I INPUT -p udp --dport 8472 -j ACCEPT"));
        node.execute(
                "sh",
                "-ec",
                "iptables-nft -I INPUT -p udp -m udp --dport 8472 -j ACCEPT;"
                        + " iptables-nft -I INPUT -s 10.244.0.0/16 -j ACCEPT;"
                        + " iptables-nft -I FORWARD -s 10.244.0.0/16 -m comment --comment pods -j ACCEPT;"
                        + " iptables-nft -I FORWARD -d 10.244.0.0/16 -j ACCEPT");
        assertFound("(IPv6)", "(IPv6)", "(IPv6)");
        assertTrue(look().get(0).mend().startsWith("ip6tables -I INPUT -p udp"));
        node.execute(
                "sh",
                "-ec",
                "ip6tables-nft -I INPUT -p udp -m multiport --dports 53,8472 -j ACCEPT;"
                        + " ip6tables-nft -I INPUT -s fd00:10:244::/48 -j ACCEPT;"
                        + " ip6tables-nft -I FORWARD -s fd00:10:244::/48 -j ACCEPT;"
                        + " ip6tables-nft -I FORWARD -d fd00:10:244::/48 -j ACCEPT");
        assertAllPass();
    }

    @Test
    void chainsThatDropByDefault() throws Exception {
        nft("""
                table inet fw {
                  chain in { type filter hook input priority 0; policy drop; ct state established accept; }
                  chain to { type filter hook forward priority 0; policy drop; }
                }
                """);
        assertFound(
                "nftables chain inet fw in drops the overlay's packets to UDP port 8472, as it does whatever no rule"
                        + " accepts",
                "nftables chain inet fw to drops packets from pods to other nodes",
                "nftables chain inet fw in drops packets from pods to this node");
        assertEquals(
                "nft insert rule inet fw in udp dport 8472 accept, and where the rules are kept (/etc/nftables.conf)",
                look().get(0).mend());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            oifname "flannel.1" | packets from pods to other nodes
            iifname "flannel.1" | packets from other nodes to pods
            oifname "eth0"      | packets from pods to the outside
            """)
    void eachWayThroughTheNodeIsFollowed(String way, String found) throws Exception {
        nft("table inet fw { chain to { type filter hook forward priority 0; " + way + " drop; }; }");
        assertFound("", "nftables chain inet fw to drops " + found, "");
    }

    /** As on a node that lets its programs out by name alone. */
    @Test
    void whatTheNodeSendsIsFollowedToo() throws Exception {
        nft("""
                table inet fw {
                  chain out {
                    type filter hook output priority 0; policy drop;
                    ct state established,related accept
                    oifname "lo" accept
                    tcp dport { 53, 443, 6443 } accept
                  }
                }
                """);
        String found = "nftables chain inet fw out drops the overlay's packets to UDP port 8472 of other nodes";
        assertFound(found, "", "");
        assertEquals(
                "nft insert rule inet fw out udp dport 8472 accept, and where the rules are kept (/etc/nftables.conf)",
                look().getFirst().mend());
        nft("insert rule inet fw out udp dport 8472 accept");
        assertAllPass();
        nft(
                "delete table inet fw; add table ip6 fw; add chain ip6 fw post { type filter hook postrouting priority 0; };"
                        + "add rule ip6 fw post oifname eth0 udp dport 8472 drop");
        assertFound("ip6 fw post drops the overlay's packets to UDP port 8472 of other nodes (IPv6)", "", "");
    }

    /** Rules that may let in what is meant are no reason for an alarm, but for a word. */
    @Test
    void whatCannotBeToldIsAWarning() throws Exception {
        nft("""
                table inet fw {
                  chain in {
                    type filter hook input priority 0; policy drop;
                    udp dport 8472 limit rate 100/second accept
                    iifname "cali*" accept
                  }
                }
                """);
        assertEquals(
                List.of(Verdict.WARN, Verdict.OK, Verdict.OK),
                look().stream().map(Finding::verdict).toList());
        assertTrue(look().getFirst().found().contains("whether a rule accepts them before cannot be told"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // kube-proxy's
                "iptables-nft -N KUBE-FIREWALL; iptables-nft -A INPUT -j KUBE-FIREWALL; iptables-nft -A KUBE-FIREWALL !"
                        + " -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment x -m conntrack ! --ctstate"
                        + " RELATED,ESTABLISHED,DNAT -j DROP",
                "iptables-nft -N KUBE-FORWARD; iptables-nft -A FORWARD -j KUBE-FORWARD; iptables-nft -A KUBE-FORWARD -m"
                        + " conntrack --ctstate INVALID -j DROP; iptables-nft -A KUBE-FORWARD -m mark --mark"
                        + " 0x4000/0x4000 -j ACCEPT",
                // Calico's
                "iptables-nft -N cali-INPUT; iptables-nft -A INPUT -j cali-INPUT; iptables-nft -A cali-INPUT -p udp -m"
                        + " multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP; iptables-nft -A cali-INPUT"
                        + " -i cali+ -j ACCEPT",
                "iptables-nft -N cali-wl; iptables-nft -A FORWARD -i cali+ -j cali-wl; iptables-nft -A cali-wl -m mark"
                        + " --mark 0x10000/0x10000 -j DROP; iptables-nft -A cali-wl -m conntrack --ctstate INVALID -j"
                        + " DROP",
                // Docker's
                "iptables-nft -N DOCKER; iptables-nft -A FORWARD -o docker0 -j DOCKER; iptables-nft -A DOCKER -j DROP",
                // ufw with the right rules
                "iptables-nft -P INPUT DROP; iptables-nft -P FORWARD DROP; ip6tables-nft -P INPUT ACCEPT; iptables-nft -N"
                        + " ufw-user-input; iptables-nft -A INPUT -j ufw-user-input; iptables-nft -A ufw-user-input -p"
                        + " udp --dport 8472 -j ACCEPT; iptables-nft -A ufw-user-input -s 10.244.0.0/16 -j ACCEPT;"
                        + " iptables-nft -A FORWARD -s 10.244.0.0/16 -j ACCEPT; iptables-nft -A FORWARD -d 10.244.0.0/16"
                        + " -j ACCEPT",
                // a verdict behind what cannot match
                "nft add table ip fw; nft add chain ip fw in '{ type filter hook input priority 0; }'; nft add rule ip fw"
                        + " in ip saddr 192.168.0.9 drop; nft add rule ip fw in iifname eth9 drop; nft add rule ip fw in"
                        + " tcp dport 8472 drop; nft add rule ip fw in udp dport '{ 53, 8473 }' drop; nft add rule ip fw in"
                        + " udp sport 53 drop; nft add rule ip fw in meta mark 5 drop; nft add rule ip fw in ct state"
                        + " vmap '{ invalid : drop, established : accept }'",
                "nft add table netdev fw; nft add table bridge fw; nft add table arp fw",
            })
    void noFalseAlarm(String commands) throws Exception {
        node.execute("sh", "-ec", commands);
        assertAllPass();
    }

    @Test
    void rulesOfMapsAreFollowed() throws Exception {
        nft("""
                table inet fw {
                  chain closed { reject; }
                  chain open { accept; }
                  chain in {
                    type filter hook input priority 0; policy accept;
                    iifname vmap { "eth0" : goto closed, "cali*" : goto open }
                  }
                  chain to {
                    type filter hook forward priority 0; policy accept;
                    ip saddr . ip daddr { 10.244.1.0/24 . 10.244.0.0/16 } drop
                  }
                }
                """);
        assertFound(
                "inet fw in rejects the overlay's packets", "inet fw to drops packets from pods to other nodes", "");
    }

    /** As ufw has its chains. */
    @Test
    void ufwIsNamedByItsChains() throws Exception {
        node.execute(
                "sh",
                "-ec",
                "iptables-nft -N ufw-before-input; iptables-nft -N ufw-reject; iptables-nft -P INPUT DROP;"
                        + " iptables-nft -P FORWARD DROP; iptables-nft -A INPUT -j ufw-before-input; iptables-nft -A"
                        + " ufw-before-input -i lo -j ACCEPT; iptables-nft -A ufw-before-input -m conntrack --ctstate"
                        + " RELATED,ESTABLISHED -j ACCEPT; iptables-nft -A ufw-before-input -p udp --sport 67 --dport 68"
                        + " -j ACCEPT");
        assertFound(
                "ufw (nftables chain ip filter INPUT) drops the overlay's packets",
                "ufw (nftables chain ip filter FORWARD) drops packets from pods",
                "ufw (nftables chain ip filter INPUT) drops packets from pods");
        List<String> mends = new ArrayList<>();
        look().forEach(each -> mends.add(each.mend()));
        assertEquals(
                List.of(
                        "ufw allow 8472/udp",
                        "ufw route allow from 10.244.0.0/16 && ufw route allow to 10.244.0.0/16",
                        "ufw allow from 10.244.0.0/16"),
                mends);
    }

    /** A table of our own denies by its policies, which is no firewall of others. */
    @Test
    void ourTablesAreOurs() throws Exception {
        nft("""
                table inet towpath-policy {
                  chain input { type filter hook input priority 0; policy drop; }
                }
                """);
        assertAllPass();
    }
}
