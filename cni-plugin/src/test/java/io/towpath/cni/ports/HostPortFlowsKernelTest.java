package io.towpath.cni.ports;

import static io.towpath.cni.ports.HostPortScene.ONE;
import static io.towpath.cni.ports.HostPortScene.TWO;
import static io.towpath.cni.ports.HostPortScene.mapping;
import static io.towpath.cni.ports.HostPortScene.pod;
import static io.towpath.cni.ports.HostPortScene.ports;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the real kernel has of flows to a port that is opened or closed, with conntrack as the witness. */
@NeedsRoot
class HostPortFlowsKernelTest {
    private final HostPortScene scene = new HostPortScene();
    private final TestNamespace namespace = scene.namespace;
    private final LinuxNamespaces node = scene.node;

    HostPortFlowsKernelTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        scene.close();
    }

    private void track(Protocol protocol, String from, String to, int port, String... more) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("conntrack", "-I", "-p", protocol.toString(), "-t", "100", "--sport", "40000"));
        command.addAll(List.of("-s", from, "-d", to, "--dport", String.valueOf(port)));
        switch (protocol) {
            case TCP -> command.addAll(List.of("--state", "ESTABLISHED"));
            case UDP -> {}
            case SCTP -> command.addAll(List.of("--state", "ESTABLISHED", "--orig-vtag", "1", "--reply-vtag", "2"));
        }
        command.addAll(List.of(more));
        namespace.execute(command.toArray(String[]::new));
    }

    /** Flows to the node's port are; those to the same port elsewhere, or to the pod's port already, go on. */
    @ParameterizedTest
    @EnumSource(
            value = Protocol.class,
            names = {"UDP", "SCTP"})
    void flowsThatGoElsewhereAreForgotten(Protocol protocol) throws Exception {
        namespace.execute("ip", "address", "add", "192.0.2.1/32", "dev", "lo");
        namespace.execute("ip", "address", "add", "192.0.2.2/32", "dev", "lo");
        namespace.execute("ip", "address", "add", "192.0.2.3/32", "dev", "lo");
        namespace.execute("ip", "address", "add", "2001:db8::1/128", "dev", "lo");
        track(protocol, "198.51.100.1", "192.0.2.1", 5353);
        track(protocol, "198.51.100.1", "192.0.2.3", 5353);
        track(protocol, "198.51.100.2", "192.0.2.2", 5353);
        track(protocol, "198.51.100.3", "192.0.2.1", 5354);
        track(protocol, "198.51.100.4", "203.0.113.1", 53);
        track(protocol, "198.51.100.5", "192.0.2.2", 53);
        track(protocol, "127.0.0.1", "127.0.0.2", 53);
        lead(protocol, "198.51.100.6", ONE);
        lead(protocol, "198.51.100.7", ONE, 81);
        track(protocol, "2001:db8::9", "2001:db8::1", 5353);
        track(protocol, "2001:db8::9", "2001:db8::1", 53);
        track(protocol, "2001:db8::9", "2001:db8::7", 5353);
        Protocol other = protocol == Protocol.UDP ? Protocol.SCTP : Protocol.UDP;
        track(other, "198.51.100.1", "192.0.2.1", 5353);
        scene.open(ports(
                ONE,
                mapping(protocol, 5353, "192.0.2.1"),
                mapping(protocol, 5353, "192.0.2.3"),
                mapping(protocol, 53, "0.0.0.0"),
                mapping(protocol, 5353, "::")));
        assertEquals(
                List.of(
                        "192.0.2.1:53",
                        "192.0.2.1:5354",
                        "192.0.2.2:5353",
                        "2001:db8::1:53",
                        "2001:db8::7:5353",
                        "203.0.113.1:53"),
                destinations(protocol));
        HostPorts.close(node, ONE);
        assertEquals(
                List.of("192.0.2.1:5354", "192.0.2.2:5353", "2001:db8::1:53", "2001:db8::7:5353", "203.0.113.1:53"),
                destinations(protocol));
        assertEquals(List.of("192.0.2.1:5353"), destinations(other));
    }

    /** Who is connected to the node itself stays so when a pod takes the port; who is to a pod that goes has nobody there. */
    @Test
    void connectionsByTcpAreForgottenWithTheirPodOnly() throws Exception {
        namespace.execute("ip", "address", "add", "192.0.2.1/32", "dev", "lo");
        track(Protocol.TCP, "198.51.100.1", "192.0.2.1", 53);
        scene.open(ports(ONE, mapping(Protocol.TCP, 53, "")));
        lead(Protocol.TCP, "198.51.100.2", ONE);
        lead(Protocol.TCP, "198.51.100.3", TWO);
        HostPorts.close(node, ONE);
        assertEquals(List.of("198.51.100.1", "198.51.100.3"), sources(Protocol.TCP));
    }

    /** Nobody finds the port closed in between, and a DEL that comes late finds nothing of its own. */
    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aPortOfADeadChangesHandsInOneTransaction(Protocol protocol) throws Exception {
        namespace.execute("ip", "address", "add", "192.0.2.1/32", "dev", "lo");
        scene.open(ports(ONE, mapping(protocol, 53, ""), mapping(protocol, 54, "")));
        lead(protocol, "198.51.100.1", ONE);
        String pod = pod(ONE).getFirst().toString();
        track(protocol, "198.51.100.3", "192.0.2.1", 54, "-r", pod, "-q", "198.51.100.3", "--reply-port-src", "80");
        long before = node.nft().generation();
        ports(TWO, mapping(protocol, 53, "")).open(node, other -> false);
        assertEquals(before + 1, node.nft().generation());
        assertEquals(List.of(), destinations(protocol), "its other ports lead to nobody, too");
        lead(protocol, "198.51.100.2", TWO);
        String whole = scene.ruleset();
        HostPorts.close(node, ONE);
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of(TWO));
        assertEquals(whole, scene.ruleset());
        assertEquals(List.of("192.0.2.1:53"), destinations(protocol));
    }

    /** A flow to port 53 of the node that goes to a pod. */
    private void lead(Protocol protocol, String from, OwnerMark to) throws IOException {
        lead(protocol, from, to, 80);
    }

    private void lead(Protocol protocol, String from, OwnerMark to, int port) throws IOException {
        String pod = pod(to).getFirst().toString();
        track(protocol, from, "192.0.2.1", 53, "-r", pod, "-q", from, "--reply-port-src", String.valueOf(port));
    }

    private List<String> destinations(Protocol protocol) throws IOException {
        return tracked(protocol, ".*? dst=(\\S+) .*?dport=(\\d+) .*", "$1:$2");
    }

    private List<String> sources(Protocol protocol) throws IOException {
        return tracked(protocol, ".*? src=(\\S+) .*", "$1");
    }

    private List<String> tracked(Protocol protocol, String line, String part) throws IOException {
        return namespace
                .execute("conntrack", "-L", "-p", protocol.toString())
                .lines()
                .filter(each -> each.startsWith(protocol.toString()))
                .map(each -> each.replaceFirst(line, part))
                .sorted()
                .toList();
    }
}
