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
        scene.open(ports(
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
        scene.open(ports(ONE, mapping(Protocol.UDP, 53, ""), mapping(Protocol.TCP, 8080, "")));
        lead("198.51.100.1", ONE);
        long before = node.nft().generation();
        ports(TWO, mapping(Protocol.UDP, 53, ""), mapping(Protocol.TCP, 8080, ""))
                .open(node, other -> false);
        assertEquals(before + 1, node.nft().generation());
        assertEquals(List.of(), destinations());
        lead("198.51.100.2", TWO);
        String whole = scene.ruleset();
        HostPorts.close(node, ONE);
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of(TWO));
        assertEquals(whole, scene.ruleset());
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
