package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Capture;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.util.List;
import org.junit.jupiter.api.Test;

/** That the lab itself is sound: with the reference plugins everything works that is asked of ours elsewhere. */
@OnLab
class LabTest {
    @Test
    void nodesReachEachOtherAndPodsOfTheReferencePluginTheirNode() {
        try (Lab lab = new Lab(Plugin.reference("ptp")).families(true, true).withNodes("a", "b")) {
            Node a = lab.node("a");
            Node b = lab.node("b");
            Network.ping(a.namespace(), b.address());
            Network.ping(b.namespace(), a.addresses().get(1));
            NetConf conf = a.conf()
                    .ipam("{'type': 'host-local', 'subnet': '" + a.slice() + "', 'routes': [{'dst': '0.0.0.0/0'}]}");
            NodeState before = a.state();

            Pod pod = a.pod("web").conf(conf).add();
            assertEquals("10.244.1.2", pod.address());
            assertEquals(
                    io.towpath.lab.Leases.content(pod.containerId(), "eth0"),
                    a.leases().of(pod.address()));
            pod.ping(a.address());
            Network.ping(a.namespace(), pod.address());
            pod.serve(80, "hello");
            assertEquals("hello", Network.fetch(a.namespace(), pod.address(), 80));
            try (Capture capture =
                    new Capture(pod.namespace(), "eth0", lab.folder().resolve("capture"), "icmp")) {
                Network.ping(a.namespace(), pod.address());
                capture.awaitPacket("10.244.1.1 > 10.244.1.2", "ICMP echo request");
            }
            pod.check().succeededSilently();
            assertTrue(!a.state().equals(before), "the witness sees a pod");
            pod.del();
            a.leases().assertEmpty();
            assertEquals(
                    List.of(),
                    a.state().lines().stream()
                            .filter(line -> line.contains("veth") && !line.contains("eth0"))
                            .toList());
        }
    }

    @Test
    void faultsAreToldAsTheProtocolDemands() {
        try (Lab lab = new Lab(Plugin.reference("ptp")).withNodes("a")) {
            Node a = lab.node("a");
            Pod pod = a.pod("web");
            NodeState before = a.state();
            pod.call("ADD").without("CNI_NETNS").run().failedWith(4);
            pod.call("ADD").stdin("{").run().failedWith(6);
            a.state().assertSameAs(before);
        }
    }
}
