package io.towpath.lab.containerd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.StatusRuntimeException;
import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.Namespace;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Sandboxes that a real containerd makes through its CRI, with the shipped conflist and the executable. */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContainerdTest {
    @AutoClose
    private final Lab lab = Lab.ofTwoNodes();

    private final Node node = lab.node("a");
    private final Containerd containerd;
    private final Cri cri;

    ContainerdTest() throws IOException {
        try {
            containerd = lab.with(new Containerd(lab, node, node.conflist().toPrettyString()));
            cri = containerd.cri();
        } catch (Throwable e) {
            lab.close();
            throw e;
        }
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        for (String sandbox : cri.list()) {
            cri.stop(sandbox);
            cri.remove(sandbox);
        }
        assertEquals(List.of(), containerd.namespaces());
        assertEquals(List.of(), podLinks());
        node.leases().assertEmpty();
    }

    private List<String> podLinks() {
        return node.namespace().show("link").findValuesAsText("ifname").stream()
                .filter(name -> name.startsWith("cali"))
                .toList();
    }

    private String address(String sandbox) {
        Cri.Sandbox status = cri.status(sandbox);
        assertTrue(status.isReady(), status.toString());
        assertEquals(1, status.addresses().size(), status.toString());
        return status.addresses().getFirst();
    }

    private void assertServes(Namespace from, String address) {
        assertEquals(SandboxImage.PAGE, Network.fetch(from, address, SandboxImage.PORT));
    }

    @Test
    void sandboxesTalkOnTheirNodeAndAcrossNodes() {
        String one = cri.run("one", 0);
        String two = cri.run("two", 0);
        assertTrue(address(one).startsWith("10.244.1."), address(one));
        assertEquals(Leases.content(one, "eth0"), node.leases().of(address(one)));
        assertServes(containerd.namespace(one), address(two));
        assertServes(containerd.namespace(two), address(one));
        assertServes(node.namespace(), address(one));
        try (Pod far = lab.node("b").pod("far").add()) {
            assertServes(far.namespace(), address(one));
            Network.ping(containerd.namespace(two), far.address());
            far.del();
        }
        assertEquals(2, podLinks().size());

        cri.stop(one);
        cri.stop(one);
        assertFalse(cri.status(one).isReady());
        assertEquals(1, podLinks().size());
        assertServes(node.namespace(), address(two));
        cri.remove(one);
        cri.stop(two);
        cri.remove(two);
        cri.remove(two);
        assertEquals(List.of(), cri.list());
    }

    @Test
    void addThatFailsIsToldAndLeavesNothing() throws IOException {
        Path folder = node.leases().folder();
        Files.createDirectories(node.dataDir());
        Path aside = node.folder().resolve("aside");
        if (Files.exists(folder)) {
            Files.move(folder, aside);
        }
        Files.writeString(folder, "no folder");
        NodeState before = NodeState.ofKernel(node.namespace());
        StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, () -> cri.run("one", 0));
        assertTrue(String.valueOf(failure.getMessage()).contains("towpath"), failure.getMessage());
        assertEquals(List.of(), containerd.namespaces());
        Files.delete(folder);
        if (Files.exists(aside)) {
            Files.move(aside, folder);
        }
        assertEquals(List.of(), podLinks());
        assertEquals(before, NodeState.ofKernel(node.namespace()));

        String sandbox = cri.run("one", 1);
        assertServes(node.namespace(), address(sandbox));
    }

    @Test
    void nodeWithoutAnOverlayAndAWayToMakeOneGetsNoSandbox() throws IOException {
        if (node.namespace().hasLink("flannel.1")) {
            node.namespace().ip("link delete flannel.1");
            Files.delete(node.stateDir().resolve("cluster.json"));
        }
        String cluster = Files.readString(node.clusterFile());
        Files.writeString(node.clusterFile(), "{");
        NodeState before = NodeState.ofKernel(node.namespace());
        StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, () -> cri.run("one", 0));
        String message = String.valueOf(failure.getMessage());
        assertTrue(message.contains("type=\"towpath\" failed (add)") && message.contains("cluster.json"), message);
        assertEquals(List.of(), cri.list());
        NodeState.ofKernel(node.namespace()).assertSameAs(before);

        Files.writeString(node.clusterFile(), cluster);
        assertServes(node.namespace(), address(cri.run("one", 1)));
    }

    @Test
    void podThatComesAgainUnderItsNameIsNotHarmedByTheOldOnesEnd() {
        String old = cri.run("web", 0);
        String oldAddress = address(old);
        cri.stop(old);
        String now = cri.run("web", 1);
        assertFalse(address(now).equals(oldAddress), "an address just given up is not given out at once");
        assertEquals(1, podLinks().size());
        cri.stop(old);
        cri.remove(old);
        assertEquals(1, podLinks().size());
        assertServes(node.namespace(), address(now));
        assertEquals(Leases.content(now, "eth0"), node.leases().of(address(now)));
    }

    @Test
    void hostPortsComeWithASandboxAndGoWithIt() {
        Cri.HostPort web = new Cri.HostPort(0, SandboxImage.PORT, 8080, "");
        String one = cri.run("one", 0, web, new Cri.HostPort(1, 53, 53, "127.0.0.1"));
        String two = cri.run("two", 0);
        Namespace outside = lab.node("b").namespace();
        for (Namespace from :
                List.of(outside, node.namespace(), containerd.namespace(one), containerd.namespace(two))) {
            assertEquals(SandboxImage.PAGE, Network.fetch(from, node.address(), 8080));
        }
        assertEquals(SandboxImage.PAGE, Network.fetch(node.namespace(), "127.0.0.1", 8080));
        StatusRuntimeException taken = assertThrows(StatusRuntimeException.class, () -> cri.run("three", 0, web));
        String message = String.valueOf(taken.getMessage());
        assertTrue(message.contains("host port tcp 0.0.0.0:8080 is taken by attachment"), message);
        cri.stop(one);
        NodeState left = NodeState.ofKernel(node.namespace());
        assertEquals(left.without("hostport"), left);
        String three = cri.run("three", 1, web);
        assertEquals(SandboxImage.PAGE, Network.fetch(outside, node.address(), 8080));
        assertTrue(cri.status(three).isReady());
    }

    /** If this fails too, the machine's containerd is at fault and not the executable. */
    @Test
    void theReferencePluginWorksHereToo() throws IOException {
        try (Lab other = new Lab(Plugin.reference("ptp")).withNodes("a")) {
            Node reference = other.node();
            String conflist = """
                    {"cniVersion": "1.0.0", "name": "reference", "plugins": [{"type": "ptp", "ipam": {
                      "type": "host-local", "subnet": "%s", "dataDir": "%s", "routes": [{"dst": "0.0.0.0/0"}]}}]}
                    """.formatted(reference.slice(), reference.dataDir());
            try (Containerd second = new Containerd(other, reference, conflist)) {
                String sandbox = second.cri().run("one", 0);
                assertServes(
                        reference.namespace(),
                        second.cri().status(sandbox).addresses().getFirst());
                second.cri().stop(sandbox);
                second.cri().remove(sandbox);
                assertEquals(List.of(), second.namespaces());
            }
        }
    }
}
