package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.Network;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Parallel;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Many attachments at a time on one node. */
@OnLab
class ManyPodsTest {
    private static final int PODS = 200;
    private static final int AT_A_TIME = 12;

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();

    @Test
    void twoHundredAtOnceHaveAddressesOfTheirOwnAndLeaveNothing() {
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < PODS; i++) {
            pods.add(node.pod("p" + i));
        }
        // The overlay's device is there from the first ADD on; it is made before, so that only pods differ.
        pods.getFirst().add().del();
        NodeState before = node.state();

        Parallel.run(AT_A_TIME, pods, Pod::add);

        Map<String, String> expected = new TreeMap<>();
        for (Pod pod : pods) {
            String other = expected.put(pod.address(), Leases.content(pod.containerId(), "eth0"));
            assertTrue(other == null, () -> "given out twice: " + pod.address());
        }
        assertEquals(expected, node.leases().all());
        Map<String, String> routes = new TreeMap<>();
        for (JsonNode route : node.namespace().show("-4", "route")) {
            routes.put(route.path("dst").asText(), route.path("dev").asText());
        }
        for (Pod pod : pods) {
            assertEquals(pod.hostLink(), routes.get(pod.address()));
        }
        for (int i = 0; i < PODS; i += PODS / 10) {
            Network.ping(node.namespace(), pods.get(i).address());
            pods.get(i).ping(pods.get(PODS - 1 - i).address());
            pods.get(i).check().succeededSilently();
        }

        Parallel.run(AT_A_TIME, pods, Pod::del);

        node.leases().assertEmpty();
        assertSameButLastReserved(before);
    }

    @Test
    void addsAndDelsAtTheSameTime() {
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < AT_A_TIME; i++) {
            pods.add(node.pod("p" + i));
        }
        pods.getFirst().add().del();
        NodeState before = node.state();
        Parallel.run(AT_A_TIME, pods, pod -> {
            for (int round = 0; round < 5; round++) {
                pod.add();
                pod.ping(node.address());
                pod.del();
            }
        });
        node.leases().assertEmpty();
        assertSameButLastReserved(before);
    }

    private void assertSameButLastReserved(NodeState before) {
        node.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
    }
}
