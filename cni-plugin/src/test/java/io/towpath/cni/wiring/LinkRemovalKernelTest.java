package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What goes with a pod, and what stays. */
@NeedsRoot
class LinkRemovalKernelTest extends LinkScene {
    /** Nobody would find the ports of a link that is replaced, and the next pod may have its address. */
    @Test
    void whatElseBelongsToALinkGoesBeforeIt() throws Exception {
        connect(pod, endpoint(true, "c1", "web-0", V4));
        connect(otherPod(), endpoint("c2", "web-0", "10.244.1.6"));
        assertEquals(List.of("towpath/net/c1/eth0 [cali0d7763386da]"), leftovers);
        disconnect(endpoint("c2", "web-0", "10.244.1.6"), true, false);
        connect(pod, endpoint(true, "c3", "web-3", V4));
        connect(otherPod(), endpoint("c4", "web-4", V4));
        assertEquals(2, leftovers.size(), leftovers::toString);
        assertTrue(leftovers.getLast().startsWith("towpath/net/c3/eth0 "), leftovers::toString);
    }

    @Test
    void disconnectLeavesNothing() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4, V6);
        connect(pod, endpoint);
        disconnect(endpoint, true, true);
        assertEquals(List.of(), node.links());
        assertEquals(List.of(), pod.links());
        assertTrue(node.show("route").isEmpty());
        disconnect(endpoint, true, true);
        disconnect(endpoint, true, false);
        disconnect(endpoint, false, false);
    }

    @Test
    void disconnectNeedsNoNamespace() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        disconnect(endpoint, true, false);
        assertEquals(List.of(), node.links());
    }

    /** The kernel takes a namespace down some time after its last name is gone. */
    @Test
    void disconnectDoesNotWaitForADyingNamespace() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        pod.close();
        disconnect(endpoint, true, false);
        assertEquals(List.of(), node.links());
        assertTrue(node.show("route").isEmpty());
    }

    /** Another name than that of ADD, because the runtime does not tell the pod any more. */
    @Test
    void disconnectFindsTheLinkByItsMark() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        LinkRemoval removal = new LinkRemoval(namespaces);
        removal.disconnect(removal.find("cali00000000000", false, endpoint.mark(), null, "eth0"), endpoint.mark());
        assertEquals(List.of(), node.links());
    }

    /** Calico marks nothing: its pods are known by their namespace. */
    @Test
    void disconnectRemovesAnUnmarkedLinkOfThePod() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        node.ip("link", "add", endpoint.hostName(), "type", "veth", "peer", "name", "eth0", "netns", nameOf(pod));
        disconnect(endpoint, true, false);
        assertEquals(List.of(endpoint.hostName()), node.links(), "it could be a newer pod's");
        disconnect(endpoint, true, true);
        assertEquals(List.of(), node.links());
    }

    @Test
    void sweepKeepsWhatIsValidAndWhatIsNotOurs() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        try (TestNamespace other = new TestNamespace()) {
            Endpoint gone = endpoint("c2", "web-1", "10.244.1.6");
            connect(other, gone);
            node.ip("link", "add", HALF_MADE, "type", "veth", "peer", "name", "half");
            node.ip("link", "add", CALICOS, "type", "veth", "peer", "name", "calico");
            node.ip("link", "set", CALICOS, "up");
            node.ip("link", "add", BRIDGE, "type", "bridge");
            node.ip("link", "add", "veth7", "type", "veth", "peer", "name", "veth8");
            node.ip("link", "add", OTHER_NETWORK, "type", "veth", "peer", "name", "elsewhere");
            node.ip("link", "set", OTHER_NETWORK, "alias", "towpath/net-2/c2/eth0");
            LinkRemoval removal = new LinkRemoval(namespaces);
            assertEquals(List.of(), removal.sweep(OwnerMark.networkPrefix("net"), Set.of(endpoint.mark())));
            List<String> left = node.links();
            assertFalse(left.contains(gone.hostName()));
            assertFalse(left.contains(HALF_MADE));
            assertTrue(
                    left.containsAll(List.of(endpoint.hostName(), CALICOS, BRIDGE, "calico", "veth7", OTHER_NETWORK)),
                    left::toString);
            assertEquals(List.of(), removal.sweep(OwnerMark.networkPrefix("net"), Set.of()));
            assertFalse(node.links().contains(endpoint.hostName()));
            assertTrue(node.links().contains(OTHER_NETWORK));
        }
    }
}
