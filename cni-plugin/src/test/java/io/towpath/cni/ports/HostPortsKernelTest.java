package io.towpath.cni.ports;

import static io.towpath.cni.ports.HostPortScene.ONE;
import static io.towpath.cni.ports.HostPortScene.POD;
import static io.towpath.cni.ports.HostPortScene.TWO;
import static io.towpath.cni.ports.HostPortScene.mapping;
import static io.towpath.cni.ports.HostPortScene.ports;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.netlink.NetNs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The table in the real kernel: who gets a port, and what is left of it. */
@NeedsRoot
class HostPortsKernelTest {
    private static final String HOST = "cali0000000000a";

    private final HostPortScene scene = new HostPortScene();
    private final TestNamespace namespace = scene.namespace;
    private final LinuxNamespaces node = scene.node;

    HostPortsKernelTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        scene.close();
    }

    @Test
    void nftShowsWhatItWouldHaveMade() throws Exception {
        scene.open(ports(
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
                		ip6 saddr ::1 return
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
                }""", scene.ruleset());
    }

    @Test
    void closingTakesWhatIsTheAttachmentsAndNothingElse() throws Exception {
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, ""), mapping(Protocol.UDP, 8080, "")));
        List<String> before = scene.elements();
        scene.open(ports(TWO, mapping(Protocol.TCP, 8081, "192.0.2.1")));
        HostPorts.close(node, TWO);
        assertEquals(before, scene.elements());
        HostPorts.close(node, TWO);
        HostPorts.close(node, ONE);
        assertEquals(List.of(), scene.elements());
        namespace.execute("nft", "delete", "table", "inet", "towpath-hostports");
        HostPorts.close(node, ONE);
    }

    @Test
    void aPortOfALiveAttachmentIsRefusedAndOneOfADeadIsTaken() throws Exception {
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0")));
        String before = scene.ruleset();
        for (String hostIp : List.of("", "0.0.0.0", "192.0.2.1")) {
            HostPorts second = ports(TWO, mapping(Protocol.TCP, 8079, ""), mapping(Protocol.TCP, 8080, hostIp));
            IOException refused = assertThrows(HostPortTakenException.class, () -> scene.open(second));
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.endsWith(":8080 is taken by attachment towpath/net/c1/eth0"), message);
            assertEquals(before, scene.ruleset());
        }
        scene.open(ports(TWO, mapping(Protocol.UDP, 8080, ""), mapping(Protocol.TCP, 8080, "::")));
        HostPorts.close(node, TWO);
        ports(TWO, mapping(Protocol.TCP, 8080, "192.0.2.1")).open(node, other -> false);
        assertTrue(scene.elements().stream().allMatch(line -> line.contains("towpath/net/c2/eth0")), scene.ruleset());
        // What an ADD of the same attachment left that was killed is no obstacle.
        scene.open(ports(TWO, mapping(Protocol.TCP, 8080, "192.0.2.1")));
        HostPorts.close(node, TWO);
        assertEquals(List.of(), scene.elements());
    }

    /** Whoever had it would get what other nodes send by the overlay. */
    @Test
    void thePortOfATunnelIsRefused() throws Exception {
        namespace.execute(
                "ip", "link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "local", "192.0.2.1");
        for (String hostIp : List.of("", "192.0.2.1", "::")) {
            IOException refused = assertThrows(
                    HostPortTakenException.class, () -> scene.open(ports(ONE, mapping(Protocol.UDP, 8472, hostIp))));
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.endsWith(":8472 is taken by the tunnel of interface flannel.1"), message);
        }
        assertEquals("", scene.ruleset());
        scene.open(ports(ONE, mapping(Protocol.TCP, 8472, ""), mapping(Protocol.UDP, 8473, "")));
    }

    @Test
    void sweepKeepsWhatIsValidAndOtherNetworks() throws Exception {
        OwnerMark other = OwnerMark.of("net2", "c3", "eth0");
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        scene.open(ports(TWO, mapping(Protocol.TCP, 8081, "")));
        scene.open(ports(other, mapping(Protocol.TCP, 8082, "")));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of(TWO));
        String left = scene.ruleset();
        assertTrue(!left.contains("c1") && left.contains("8081") && left.contains("8082"), left);
        assertEquals(List.of(), ports(TWO, mapping(Protocol.TCP, 8081, "")).compare(node, HOST));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of());
        HostPorts.close(node, other);
        assertEquals(List.of(), scene.elements());
    }

    @Test
    void manyPortsAtOnce() throws Exception {
        List<PortMapping> mappings = new ArrayList<>();
        for (int port = 1; port <= 500; port++) {
            mappings.add(mapping(Protocol.TCP, port, ""));
        }
        HostPorts ports = new HostPorts(ONE, mappings, POD);
        scene.open(ports);
        assertEquals(List.of(), ports.compare(node, HOST));
        HostPorts.close(node, ONE);
        assertEquals(List.of(), scene.elements());
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
        assertEquals(List.of(), scene.elements());
    }
}
