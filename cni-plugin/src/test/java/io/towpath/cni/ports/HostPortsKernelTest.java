package io.towpath.cni.ports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table in the real kernel, with nft as the witness. */
@NeedsRoot
class HostPortsKernelTest {
    private static final String HOST = "cali0000000000a";
    private static final OwnerMark ONE = OwnerMark.of("net", "c1", "eth0");
    private static final OwnerMark TWO = OwnerMark.of("net", "c2", "eth0");
    /** The number in the table, which is another after each change. */
    private static final String REVISION = "(elements = \\{ 0x)\\p{XDigit}+";

    private static final List<IpAddress> POD = List.of(IpAddress.parse("10.244.1.5"), IpAddress.parse("fd00::5"));

    private final TestNamespace namespace = new TestNamespace();
    private final LinuxNamespaces node;

    HostPortsKernelTest() throws IOException {
        node = new LinuxNamespaces(NetNs.open(namespace.path()));
    }

    @AfterEach
    void close() throws IOException {
        node.close();
        namespace.close();
    }

    private static PortMapping mapping(Protocol protocol, int port, String hostIp) {
        return new PortMapping(protocol, port, 80, hostIp.isEmpty() ? null : IpAddress.parse(hostIp));
    }

    private static HostPorts ports(OwnerMark mark, PortMapping... mappings) throws CniException {
        return new HostPorts(mark, List.of(mappings), pod(mark));
    }

    /** Every attachment has addresses of its own, the first those of {@link #POD}. */
    private static List<IpAddress> pod(OwnerMark mark) {
        if (mark.equals(ONE)) {
            return POD;
        }
        int number = mark.alias().hashCode() & 0xffff;
        return List.of(new IpAddress(false, 0, 0x0af5_0000L + number), new IpAddress(true, 0xfd00L << 48, number));
    }

    private void open(HostPorts ports) throws IOException {
        ports.open(node, other -> true);
    }

    private String ruleset() throws IOException {
        return namespace.execute("nft", "list", "ruleset").replaceAll(REVISION, "$1");
    }

    private List<String> elements() throws IOException {
        return ruleset()
                .lines()
                .filter(line -> line.contains("comment"))
                .map(String::strip)
                .toList();
    }

    @Test
    void nftShowsWhatItWouldHaveMade() throws Exception {
        open(ports(
                ONE,
                mapping(Protocol.TCP, 8080, ""),
                mapping(Protocol.UDP, 5353, "192.0.2.1"),
                mapping(Protocol.SCTP, 9000, "2001:db8::1")));
        assertEquals("""
                table inet towpath-hostports {
                	map ipv4 {
                		type inet_proto . inet_service : ipv4_addr . inet_service
                		elements = { tcp . 8080 comment "towpath/net/c1/eth0" : 10.244.1.5 . 80 }
                	}

                	map ipv4-address {
                		type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
                		elements = { udp . 192.0.2.1 . 5353 comment "towpath/net/c1/eth0" : 10.244.1.5 . 80 }
                	}

                	map ipv6 {
                		type inet_proto . inet_service : ipv6_addr . inet_service
                		elements = { tcp . 8080 comment "towpath/net/c1/eth0" : fd00::5 . 80 }
                	}

                	map ipv6-address {
                		type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service
                		elements = { sctp . 2001:db8::1 . 9000 comment "towpath/net/c1/eth0" : fd00::5 . 80 }
                	}

                	set hairpin-ipv4 {
                		type ipv4_addr . ipv4_addr
                		elements = { 10.244.1.5 . 10.244.1.5 comment "towpath/net/c1/eth0" }
                	}

                	set hairpin-ipv6 {
                		type ipv6_addr . ipv6_addr
                		elements = { fd00::5 . fd00::5 comment "towpath/net/c1/eth0" }
                	}

                	set revision {
                		type mark
                		size 1
                		elements = { 0x }
                	}

                	chain prerouting {
                		type nat hook prerouting priority dstnat - 5; policy accept;
                		iifname != "lo" ip daddr 127.0.0.0/8 drop
                		fib daddr type local jump ports
                	}

                	chain output {
                		type nat hook output priority -105; policy accept;
                		ip6 daddr ::1 return
                		fib daddr type local jump ports
                	}

                	chain postrouting {
                		type nat hook postrouting priority srcnat - 5; policy accept;
                		ct status dnat ip saddr . ip daddr @hairpin-ipv4 masquerade
                		ct status dnat ip6 saddr . ip6 daddr @hairpin-ipv6 masquerade
                		ct status dnat ip saddr 127.0.0.0/8 oifname "cali*" masquerade
                	}

                	chain ports {
                		dnat ip to meta l4proto . ip daddr . th dport map @ipv4-address
                		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ipv4
                		dnat ip6 to meta l4proto . ip6 daddr . th dport map @ipv6-address
                		meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @ipv6
                	}
                }""", ruleset());
    }

    @Test
    void closingTakesWhatIsTheAttachmentsAndNothingElse() throws Exception {
        open(ports(ONE, mapping(Protocol.TCP, 8080, ""), mapping(Protocol.UDP, 8080, "")));
        List<String> before = elements();
        open(ports(TWO, mapping(Protocol.TCP, 8081, "192.0.2.1")));
        HostPorts.close(node, TWO);
        assertEquals(before, elements());
        HostPorts.close(node, TWO);
        HostPorts.close(node, ONE);
        assertEquals(List.of(), elements());
        namespace.execute("nft", "delete", "table", "inet", "towpath-hostports");
        HostPorts.close(node, ONE);
    }

    @Test
    void aPortOfALiveAttachmentIsRefusedAndOneOfADeadIsTaken() throws Exception {
        open(ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0")));
        String before = ruleset();
        for (String hostIp : List.of("", "0.0.0.0", "192.0.2.1")) {
            HostPorts second = ports(TWO, mapping(Protocol.TCP, 8079, ""), mapping(Protocol.TCP, 8080, hostIp));
            IOException refused = assertThrows(HostPortTakenException.class, () -> open(second));
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.endsWith(":8080 is taken by attachment towpath/net/c1/eth0"), message);
            assertEquals(before, ruleset());
        }
        open(ports(TWO, mapping(Protocol.UDP, 8080, ""), mapping(Protocol.TCP, 8080, "::")));
        HostPorts.close(node, TWO);
        ports(TWO, mapping(Protocol.TCP, 8080, "192.0.2.1")).open(node, other -> false);
        assertTrue(elements().stream().allMatch(line -> line.contains("towpath/net/c2/eth0")), ruleset());
        // What an ADD of the same attachment left that was killed is no obstacle.
        open(ports(TWO, mapping(Protocol.TCP, 8080, "192.0.2.1")));
        HostPorts.close(node, TWO);
        assertEquals(List.of(), elements());
    }

    /** Whoever had it would get what other nodes send by the overlay. */
    @Test
    void thePortOfATunnelIsRefused() throws Exception {
        namespace.execute(
                "ip", "link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "local", "192.0.2.1");
        for (String hostIp : List.of("", "192.0.2.1", "::")) {
            IOException refused = assertThrows(
                    HostPortTakenException.class, () -> open(ports(ONE, mapping(Protocol.UDP, 8472, hostIp))));
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.endsWith(":8472 is taken by the tunnel of interface flannel.1"), message);
        }
        assertEquals("", ruleset());
        open(ports(ONE, mapping(Protocol.TCP, 8472, ""), mapping(Protocol.UDP, 8473, "")));
    }

    @Test
    void whatAStrangerPutIntoTheTableIsInTheWay() throws Exception {
        open(ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0")));
        namespace.execute("nft", "add element inet towpath-hostports ipv4 { tcp . 8081 : 10.0.0.1 . 80 }");
        assertThrows(HostPortTakenException.class, () -> open(ports(TWO, mapping(Protocol.TCP, 8081, ""))));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of());
        assertTrue(ruleset().contains("tcp . 8081 : 10.0.0.1 . 80"), ruleset());
        assertEquals(List.of(), elements());
    }

    @Test
    void sweepKeepsWhatIsValidAndOtherNetworks() throws Exception {
        OwnerMark other = OwnerMark.of("net2", "c3", "eth0");
        open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        open(ports(TWO, mapping(Protocol.TCP, 8081, "")));
        open(ports(other, mapping(Protocol.TCP, 8082, "")));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of(TWO));
        String left = ruleset();
        assertTrue(!left.contains("c1") && left.contains("8081") && left.contains("8082"), left);
        assertEquals(List.of(), ports(TWO, mapping(Protocol.TCP, 8081, "")).compare(node, HOST));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of());
        HostPorts.close(node, other);
        assertEquals(List.of(), elements());
    }

    @Test
    void compareTellsWhatIsMissing() throws Exception {
        String broken = "nftables table towpath-hostports has not the sets, chains and rules it needs";
        HostPorts ports = ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0"));
        assertEquals(3, ports.compare(node, HOST).size());
        open(ports);
        assertEquals(List.of(), ports.compare(node, HOST));
        namespace.execute("nft", "delete element inet towpath-hostports ipv4 { tcp . 8080 }");
        assertEquals(List.of("host port table lacks tcp 0.0.0.0:8080 to 10.244.1.5:80"), ports.compare(node, HOST));
        namespace.execute("nft", "add element inet towpath-hostports ipv4 { tcp . 8080 : 10.244.1.6 . 80 }");
        assertEquals(List.of("host port table lacks tcp 0.0.0.0:8080 to 10.244.1.5:80"), ports.compare(node, HOST));
        namespace.execute("nft", "delete element inet towpath-hostports ipv4 { tcp . 8080 }");
        HostPorts.close(node, ONE);
        open(ports);
        assertEquals(List.of(), ports.compare(node, HOST));
        namespace.execute("nft", "flush chain inet towpath-hostports prerouting");
        assertEquals(List.of(broken), ports.compare(node, HOST));
    }

    /** Whatever was damaged, the next ADD mends; what is in the sets of others' stays. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "flush chain inet towpath-hostports prerouting",
                "flush table inet towpath-hostports",
                "add rule inet towpath-hostports ports accept",
                "insert rule inet towpath-hostports output drop",
                "add chain inet towpath-hostports output { policy drop; }",
                "delete chain inet towpath-hostports postrouting",
                "add table inet towpath-hostports { flags dormant; }",
                "delete chain inet towpath-hostports postrouting; add chain inet towpath-hostports postrouting"
                        + " { type nat hook postrouting priority 7; }",
            })
    void theNextOneMendsWhatIsBroken(String change) throws Exception {
        open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        HostPorts second = ports(TWO, mapping(Protocol.TCP, 8081, ""));
        open(second);
        List<String> whole = lines();
        HostPorts.close(node, TWO);
        namespace.execute("nft", change);
        assertFalse(second.compare(node, HOST).isEmpty());
        open(second);
        assertEquals(List.of(), second.compare(node, HOST));
        assertEquals(whole, lines());
    }

    /** In no order, as chains and elements are listed in that in which they came. */
    private List<String> lines() throws IOException {
        return List.of(ruleset().split("[\\n,]")).stream()
                .map(String::strip)
                .sorted()
                .toList();
    }

    /** What stands is left alone: others are told of no change of it. */
    @Test
    void aSecondOneAddsItsElementsAndNothingElse() throws Exception {
        open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        String handles = "list table inet towpath-hostports";
        String before = rulesWithHandles(handles);
        open(ports(TWO, mapping(Protocol.TCP, 8081, "")));
        assertEquals(before, rulesWithHandles(handles));
    }

    private String rulesWithHandles(String command) throws IOException {
        String listed = namespace.execute("nft", "--handle", command);
        return listed.substring(listed.indexOf("chain prerouting"));
    }

    @Test
    void nothingIsMadeOfATableThatIsSomebodyElses() throws Exception {
        namespace.execute(
                "nft",
                "add table inet towpath-hostports; add set inet towpath-hostports ipv4 { type mark; };"
                        + " add element inet towpath-hostports ipv4 { 7 }");
        String before = ruleset();
        HostPorts.close(node, ONE);
        assertThrows(NetlinkException.class, () -> open(ports(ONE, mapping(Protocol.TCP, 8080, ""))));
        assertEquals(before, ruleset());
    }

    @Test
    void manyPortsAtOnce() throws Exception {
        List<PortMapping> mappings = new ArrayList<>();
        for (int port = 1; port <= 500; port++) {
            mappings.add(mapping(Protocol.TCP, port, ""));
        }
        HostPorts ports = new HostPorts(ONE, mappings, POD);
        open(ports);
        assertEquals(List.of(), ports.compare(node, HOST));
        HostPorts.close(node, ONE);
        assertEquals(List.of(), elements());
    }

    /** Whoever loses the race looks again. */
    @Test
    void severalAtOnce() throws Exception {
        List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            int port = 8000 + i;
            threads.add(Thread.ofPlatform().start(() -> {
                try (LinuxNamespaces own = new LinuxNamespaces(NetNs.open(namespace.path()))) {
                    OwnerMark mark = OwnerMark.of("net", "c" + port, "eth0");
                    for (int round = 0; round < 10; round++) {
                        ports(mark, mapping(Protocol.TCP, port, "")).open(own, other -> true);
                        HostPorts.close(own, mark);
                    }
                } catch (IOException | CniException e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), failures);
        assertEquals(List.of(), elements());
    }

    private void track(String from, String to, int port, String... more) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("conntrack", "-I", "-p", "udp", "-t", "100", "--sport", "40000"));
        command.addAll(List.of("-s", from, "-d", to, "--dport", String.valueOf(port)));
        command.addAll(List.of(more));
        namespace.execute(command.toArray(String[]::new));
    }

    /** Flows to the node's port are; those to the same port elsewhere, or to the pod already, go on. */
    @Test
    void udpFlowsThatGoElsewhereAreForgotten() throws Exception {
        namespace.execute("ip", "address", "add", "192.0.2.1/32", "dev", "lo");
        namespace.execute("ip", "address", "add", "192.0.2.2/32", "dev", "lo");
        namespace.execute("ip", "address", "add", "2001:db8::1/128", "dev", "lo");
        track("198.51.100.1", "192.0.2.1", 5353);
        track("198.51.100.2", "192.0.2.2", 5353);
        track("198.51.100.3", "192.0.2.1", 5354);
        track("198.51.100.4", "203.0.113.1", 53);
        track("198.51.100.5", "192.0.2.2", 53);
        track("127.0.0.1", "127.0.0.2", 53);
        track("198.51.100.6", "192.0.2.2", 53, "-r", "10.244.1.5", "-q", "198.51.100.6", "--reply-port-src", "80");
        track("2001:db8::9", "2001:db8::1", 5353);
        track("2001:db8::9", "2001:db8::1", 53);
        track("2001:db8::9", "2001:db8::7", 5353);
        open(ports(
                ONE,
                mapping(Protocol.UDP, 5353, "192.0.2.1"),
                mapping(Protocol.UDP, 53, "0.0.0.0"),
                mapping(Protocol.UDP, 5353, "::")));
        assertEquals(
                List.of(
                        "192.0.2.1:5354",
                        "192.0.2.2:53",
                        "192.0.2.2:5353",
                        "2001:db8::1:53",
                        "2001:db8::7:5353",
                        "203.0.113.1:53"),
                destinations());
        HostPorts.close(node, ONE);
        assertEquals(
                List.of("192.0.2.1:5354", "192.0.2.2:5353", "2001:db8::1:53", "2001:db8::7:5353", "203.0.113.1:53"),
                destinations());
    }

    /** Nobody finds the port closed in between, and a DEL that comes late finds nothing of its own. */
    @Test
    void aPortOfADeadChangesHandsInOneTransaction() throws Exception {
        namespace.execute("ip", "address", "add", "192.0.2.1/32", "dev", "lo");
        open(ports(ONE, mapping(Protocol.UDP, 53, ""), mapping(Protocol.TCP, 8080, "")));
        lead("198.51.100.1", ONE);
        long before = node.nft().generation();
        ports(TWO, mapping(Protocol.UDP, 53, ""), mapping(Protocol.TCP, 8080, ""))
                .open(node, other -> false);
        assertEquals(before + 1, node.nft().generation());
        assertEquals(List.of(), destinations());
        lead("198.51.100.2", TWO);
        String whole = ruleset();
        HostPorts.close(node, ONE);
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of(TWO));
        assertEquals(whole, ruleset());
        assertEquals(List.of("192.0.2.1:53"), destinations());
    }

    /** A flow to port 53 of the node that goes to a pod. */
    private void lead(String from, OwnerMark to) throws IOException {
        String pod = pod(to).getFirst().toString();
        track(from, "192.0.2.1", 53, "-r", pod, "-q", from, "--reply-port-src", "80");
    }

    private List<String> destinations() throws IOException {
        return namespace
                .execute("conntrack", "-L", "-p", "udp")
                .lines()
                .filter(line -> line.startsWith("udp"))
                .map(line -> line.replaceFirst(".*? dst=(\\S+) .*?dport=(\\d+) .*", "$1:$2"))
                .sorted()
                .toList();
    }
}
