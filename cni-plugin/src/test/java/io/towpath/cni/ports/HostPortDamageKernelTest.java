package io.towpath.cni.ports;

import static io.towpath.cni.ports.HostPortScene.ONE;
import static io.towpath.cni.ports.HostPortScene.TWO;
import static io.towpath.cni.ports.HostPortScene.mapping;
import static io.towpath.cni.ports.HostPortScene.ports;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.netlink.NetlinkException;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table in the real kernel, after others were at it. */
@NeedsRoot
class HostPortDamageKernelTest {
    private static final String HOST = "cali0000000000a";

    private final HostPortScene scene = new HostPortScene();
    private final TestNamespace namespace = scene.namespace;
    private final LinuxNamespaces node = scene.node;

    HostPortDamageKernelTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        scene.close();
    }

    @Test
    void compareTellsWhatIsMissing() throws Exception {
        String broken = "nftables table towpath-hostports has not the sets, chains and rules it needs";
        HostPorts ports = ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0"));
        assertEquals(3, ports.compare(node, HOST).size());
        scene.open(ports);
        assertEquals(List.of(), ports.compare(node, HOST));
        namespace.execute("nft", "delete element inet towpath-hostports ipv4 { tcp . 8080 }");
        assertEquals(List.of("host port table lacks tcp 0.0.0.0:8080 to 10.244.1.5:80"), ports.compare(node, HOST));
        namespace.execute("nft", "add element inet towpath-hostports ipv4 { tcp . 8080 : 10.244.1.6 . 80 }");
        assertEquals(List.of("host port table lacks tcp 0.0.0.0:8080 to 10.244.1.5:80"), ports.compare(node, HOST));
        namespace.execute("nft", "delete element inet towpath-hostports ipv4 { tcp . 8080 }");
        HostPorts.close(node, ONE);
        scene.open(ports);
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
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        HostPorts second = ports(TWO, mapping(Protocol.TCP, 8081, ""));
        scene.open(second);
        List<String> whole = lines();
        HostPorts.close(node, TWO);
        namespace.execute("nft", change);
        assertFalse(second.compare(node, HOST).isEmpty());
        scene.open(second);
        assertEquals(List.of(), second.compare(node, HOST));
        assertEquals(whole, lines());
    }

    /** In no order, as chains and elements are listed in that in which they came. */
    private List<String> lines() throws IOException {
        return List.of(scene.ruleset().split("[\\n,]")).stream()
                .map(String::strip)
                .sorted()
                .toList();
    }

    /** What stands is left alone: others are told of no change of it. */
    @Test
    void aSecondOneAddsItsElementsAndNothingElse() throws Exception {
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, "")));
        String handles = "list table inet towpath-hostports";
        String before = rulesWithHandles(handles);
        scene.open(ports(TWO, mapping(Protocol.TCP, 8081, "")));
        assertEquals(before, rulesWithHandles(handles));
    }

    private String rulesWithHandles(String command) throws IOException {
        String listed = namespace.execute("nft", "--handle", command);
        return listed.substring(listed.indexOf("chain prerouting"));
    }

    @Test
    void whatAStrangerPutIntoTheTableIsInTheWay() throws Exception {
        scene.open(ports(ONE, mapping(Protocol.TCP, 8080, "0.0.0.0")));
        namespace.execute("nft", "add element inet towpath-hostports ipv4 { tcp . 8081 : 10.0.0.1 . 80 }");
        assertThrows(HostPortTakenException.class, () -> scene.open(ports(TWO, mapping(Protocol.TCP, 8081, ""))));
        HostPorts.sweep(node, OwnerMark.networkPrefix("net"), Set.of());
        assertTrue(scene.ruleset().contains("tcp . 8081 : 10.0.0.1 . 80"), scene.ruleset());
        assertEquals(List.of(), scene.elements());
    }

    @Test
    void nothingIsMadeOfATableThatIsSomebodyElses() throws Exception {
        namespace.execute(
                "nft",
                "add table inet towpath-hostports; add set inet towpath-hostports ipv4 { type mark; };"
                        + " add element inet towpath-hostports ipv4 { 7 }");
        String before = scene.ruleset();
        HostPorts.close(node, ONE);
        assertThrows(NetlinkException.class, () -> scene.open(ports(ONE, mapping(Protocol.TCP, 8080, ""))));
        assertEquals(before, scene.ruleset());
    }
}
