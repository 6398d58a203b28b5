package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.netlink.fake.FakeRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DelTest {
    @TempDir
    private Path disk;

    private TestNode node;
    private List<String> empty;

    @BeforeEach
    void setUp() throws IOException {
        node = new TestNode(disk);
        empty = node.everything();
    }

    /** Runtimes send it three times: with the namespace and a result, once more, and without either. */
    @Test
    void undoesAddHoweverOftenItIsSent() throws IOException {
        JsonNode result = node.call("ADD", TestNode.DUAL).run().good().json();
        JsonNode answer = node.call("DEL", TestNode.DUAL)
                .conf("prevResult", result)
                .run()
                .good()
                .json();
        assertTrue(answer.isMissingNode(), "nothing on stdout");
        assertEquals(empty, node.everything());
        node.call("DEL", TestNode.DUAL).conf("prevResult", result).run().good();
        node.call("DEL", TestNode.DUAL).with("CNI_NETNS", "").run().good();
        assertEquals(empty, node.everything());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/run/netns/gone", "/run/netns/file"})
    void needsNoNamespace(String netns) throws IOException {
        node.namespaces.plainFiles.add("/run/netns/file");
        node.call("ADD").run().good();
        node.call("DEL").with("CNI_NETNS", netns).run().good();
        assertEquals(empty, node.everything());
    }

    @Test
    void releasesTheLeaseOfAPodWhoseNamespaceIsGoneWithItsLink() throws IOException {
        node.call("ADD").run().good();
        node.namespaces.delete(TestNode.POD);
        assertEquals(List.of("10.1.2.2 c1/eth0"), node.leases());
        node.call("DEL").run().good();
        assertEquals(List.of(), node.leases());
    }

    /** Neither cluster file nor node state nor flannel's file, and a slice that only they could tell. */
    @Test
    void needsNoStateOfTheNode() throws IOException {
        String usePodCidr = "\"subnet\": \"usePodCidr\"";
        Files.writeString(disk.resolve("subnet.env"), "FLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_MTU=1450\n");
        JsonNode result = node.call("ADD", usePodCidr).run().good().json();
        assertEquals(1450, result.path("interfaces").path(1).path("mtu").asInt());
        Files.delete(disk.resolve("subnet.env"));
        node.call("DEL", usePodCidr).run().good();
        assertEquals(empty, node.everything());
    }

    @Test
    void needsNoLeaseAndNoLink() throws IOException {
        node.call("ADD").run().good();
        Files.delete(disk.resolve("leases/net/10.1.2.2"));
        node.call("DEL").run().good();
        assertEquals(empty, node.everything());
        node.call("ADD").run().good();
        node.namespaces.delete(TestNode.POD);
        node.namespaces.at(TestNode.POD);
        node.call("DEL").run().good();
        assertEquals(empty, node.everything());
    }

    @Test
    void findsTheLinkWhenThePodIsNotTold() throws IOException {
        node.call("ADD").run().good();
        node.call("DEL").with("CNI_ARGS", "").with("CNI_NETNS", "").run().good();
        assertEquals(empty, node.everything());
        node.call("ADD").run().good();
        node.call("DEL").with("CNI_ARGS", "").run().good();
        assertEquals(empty, node.everything());
    }

    /** A StatefulSet's pod is back under its name before the old container's last DEL comes. */
    @Test
    void leavesTheLinkOfAPodThatTookOverTheName() throws IOException {
        node.call("ADD").run().good();
        node.namespaces.at("/run/netns/new");
        node.call("ADD").container("c2", "web-0", "/run/netns/new").run().good();
        assertEquals(1, node.hostLinks().size());
        node.call("DEL").run().good();
        node.call("DEL").with("CNI_NETNS", "").run().good();
        assertEquals(List.of("10.1.2.3 c2/eth0"), node.leases());
        assertEquals(1, node.hostLinks().size());
        node.call("DEL").container("c2", "web-0", "").run().good();
        assertEquals(List.of(), node.hostLinks());
    }

    @Test
    void leavesTheInterfaceOfAnotherContainerInTheNamespace() throws IOException {
        node.call("ADD").run().good();
        List<String> before = node.everything();
        node.call("DEL").container("c2", "web-1", TestNode.POD).run().good();
        assertEquals(before, node.everything());
    }

    @Test
    void nodesOwnNamespaceIsRefused() throws IOException {
        node.call("ADD").run().good();
        List<String> before = node.everything();
        assertEquals(
                "8 plugin's netns and netns from CNI_NETNS should not be the same",
                node.call("DEL").with("CNI_NETNS", FakeNamespaces.NODE).run().error());
        assertEquals(before, node.everything());
    }

    /** An address that is free again must not lead to its former pod. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "link set index 2 down",
                "chain delete netdev towpath-sources cali0d7763386da",
                "link delete index 2"
            })
    void keepsTheLeaseOfALinkThatCannotBeRemoved(String step) throws IOException {
        node.call("ADD").run().good();
        node.namespaces.kernel.failRequests(step, Errno.EPERM);
        String error = node.call("DEL").run().error();
        assertTrue(error.startsWith("999 " + step), error);
        assertTrue(error.endsWith(": EPERM Operation not permitted (injected)"), error);
        assertEquals(List.of("10.1.2.2 c1/eth0"), node.leases());
        node.namespaces.kernel.heal();
        node.call("DEL").run().good();
        assertEquals(empty, node.everything());
    }

    /** In the course of a DEL a namespace may die by itself. */
    @Test
    void aLinkThatIsGoneMeanwhileIsNoFailure() throws IOException {
        node.call("ADD").run().good();
        node.namespaces.kernel.failRequests("link delete", Errno.ENODEV);
        node.call("DEL").run().good();
        assertEquals(List.of(), node.leases());
    }

    @Test
    void endsTheTrafficThenTheCheckThenTheLink() throws IOException {
        node.call("ADD").run().good();
        node.namespaces.kernel.forgetRequests();
        node.call("DEL").run().good();
        assertEquals(
                List.of(
                        "link show cali0d7763386da",
                        "chain show netdev towpath-sources cali0d7763386da",
                        "link set index 2 down",
                        "chain delete netdev towpath-sources cali0d7763386da",
                        "link delete index 2",
                        "link delete ifb1a7ff2e2bec5"),
                node.namespaces.kernel.requests().stream()
                        .map(FakeRequest::text)
                        .toList());
    }
}
