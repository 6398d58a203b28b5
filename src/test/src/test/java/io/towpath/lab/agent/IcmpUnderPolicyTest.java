package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ICMP has no ports: rules with ports do not let it in; errors belong to the connection that they are about. */
@OnLab
class IcmpUnderPolicyTest {
    private static final int PORT = 80;
    private static final int UDP_PORT = 5353;

    /** A host behind a link on which less fits than on any other. */
    private static final List<String> BEYOND = List.of("198.51.100.7", "2001:db8:51::7");

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    /** Isolates pods of a role in both directions, but for what these rules let in and out. */
    private void isolate(String role, String peer, String ports) {
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %1$s, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: %1$s}}
                  policyTypes: [Ingress, Egress]
                  ingress: [{from: %2$s%3$s}]
                  egress: [{to: %2$s%3$s}]
                """.formatted(role, peer, ports.isEmpty() ? "" : ", ports: " + ports));
    }

    private static boolean pings(Pod from, String address) {
        return Network.tryPing(from.namespace(), address, "-W", "0.3").exit() == 0;
    }

    @Test
    void onlyRulesWithoutPortsLetPingsIn() {
        Pod web = lab.pod(lab.a, "web");
        Pod near = lab.pod(lab.a, "near");
        Pod far = lab.pod(lab.b, "far");
        web.serve(PORT, "web");
        List<Pod> others = List.of(near, far);
        String all = "[{podSelector: {}}]";
        isolate("web", all, "[{port: 80}, {port: 80, protocol: UDP}, {port: 80, protocol: SCTP}]");
        for (Pod other : others) {
            for (int family = 0; family < 2; family++) {
                Pod from = other;
                String address = web.addresses().get(family);
                Await.until("no ping gets in", () -> !pings(from, address));
                Await.until("no ping gets out", () -> !pings(web, from.address()));
                PolicyLab.awaitConnects(true, from.namespace(), from.addresses().get(family), address, PORT);
            }
        }
        isolate("web", all, "");
        for (Pod other : others) {
            for (int family = 0; family < 2; family++) {
                String to = web.addresses().get(family);
                String back = other.addresses().get(family);
                Await.until("pings get in", () -> pings(other, to));
                Await.until("pings get out", () -> pings(web, back));
            }
        }
    }

    /** Neither pod lets in or out anything but the datagram itself. */
    @Test
    void theOtherSideIsToldThatNobodyListens() {
        Pod near = lab.pod(lab.a, "near", "end");
        Pod web = lab.pod(lab.a, "web", "end");
        Pod far = lab.pod(lab.b, "far", "end");
        isolate("end", "[{podSelector: {}}]", "[{port: " + UDP_PORT + ", protocol: UDP}]");
        for (Pod to : List.of(web, far)) {
            for (String address : to.addresses()) {
                Await.until("no ping gets in", () -> !pings(near, address));
                assertTrue(isToldThatNobodyListens(near.namespace(), address), address);
            }
        }
    }

    /** Whether somebody says so; asks for a while, as the policies of the other side's pod may not be in force yet. */
    private static boolean isToldThatNobodyListens(Namespace from, String address) {
        return from.call(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.connect(new InetSocketAddress(address, UDP_PORT));
                socket.setSoTimeout(100);
                for (int i = 0; i < 30; i++) {
                    socket.send(new DatagramPacket(new byte[1], 1));
                    try {
                        socket.receive(new DatagramPacket(new byte[1], 1));
                    } catch (SocketTimeoutException _) {
                        // not yet
                    }
                }
                return false;
            } catch (PortUnreachableException _) {
                return true;
            }
        });
    }

    /** A router on the way, which no policy speaks of, says how much fits; else nothing large would ever arrive. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aPodLearnsHowMuchFitsFromARouterOnTheWay(int family) {
        Namespace beyond = beyond();
        Pod web = lab.pod(lab.a, "web");
        String address = BEYOND.get(family);
        String block = address + (family == 0 ? "/32" : "/128");
        isolate("web", "[{ipBlock: {cidr: '" + block + "'}}]", "[{port: " + Stream.PORT + "}]");
        Await.until("no ping gets out", () -> !pings(web, address));
        try (Stream stream = Stream.start(web.namespace(), beyond, address)) {
            stream.more(10_000_000);
        }
        String routes = web.namespace().run("ip", family == 0 ? "-4" : "-6", "route", "get", address);
        assertTrue(routes.contains("mtu 1300"), routes);
    }

    private Namespace beyond() {
        Namespace underlay = lab.lab.lab.underlay();
        Namespace beyond = lab.lab.lab.namespace("beyond");
        underlay.ip(
                "link add name beyond type veth peer name eth0 netns " + beyond.path(),
                "link set dev beyond mtu 1300 up");
        underlay.ip("address add dev beyond 198.51.100.1/24", "address add dev beyond 2001:db8:51::1/64 nodad");
        underlay.sysctl("net/ipv4/ip_forward", "1");
        underlay.sysctl("net/ipv6/conf/all/forwarding", "1");
        beyond.ip(
                "address add dev eth0 " + BEYOND.getFirst() + "/24",
                "address add dev eth0 " + BEYOND.getLast() + "/64 nodad",
                "link set eth0 up",
                "route add default via 198.51.100.1",
                "route add default via 2001:db8:51::1");
        return beyond;
    }
}
