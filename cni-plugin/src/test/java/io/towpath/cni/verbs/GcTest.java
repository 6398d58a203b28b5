package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GcTest {
    private static final String VALID = "cni.dev/valid-attachments";

    @TempDir
    private Path disk;

    private TestNode node;

    @BeforeEach
    void threePods() throws IOException {
        node = new TestNode(disk);
        for (int i = 1; i <= 3; i++) {
            String netns = "/run/netns/pod" + i;
            node.namespaces.at(netns);
            node.call("ADD").container("c" + i, "web-" + i, netns).run().good();
        }
    }

    private TestNode.Call gc() {
        TestNode.Call call = node.call("GC");
        call.environment.keySet().removeIf(name -> !name.equals("CNI_COMMAND") && !name.equals("CNI_PATH"));
        return call;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            null                                                                            | 3 | 10.1.2.2 c1/eth0, 10.1.2.3 c2/eth0, 10.1.2.4 c3/eth0
            [{"containerID": "c1", "ifname": "eth0"}, {"containerID": "c3", "ifname": "eth0"}] | 2 | 10.1.2.2 c1/eth0, 10.1.2.4 c3/eth0
            [{"containerID": "c1", "ifname": "net1"}]                                       | 0 | ''
            []                                                                              | 0 | ''
            """)
    void keepsWhatIsValid(String valid, int links, String leases) throws IOException {
        gc().json(VALID, valid).run().good();
        assertEquals(links, node.hostLinks().size());
        assertEquals(leases, String.join(", ", node.leases()));
        gc().json(VALID, valid).run().good();
    }

    @Test
    void withoutTheKeyNothingHappens() throws IOException {
        List<String> before = node.everything();
        gc().run().good();
        assertEquals(before, node.everything());
    }

    @Test
    void otherNetworksAreLeftAlone() throws IOException {
        List<String> before = node.everything();
        gc().conf("name", "net-2").json(VALID, "[]").run().good();
        assertEquals(before, node.everything());
    }

    /** A pod whose namespace is gone has only a lease left, a pod whose lease was lost only a link. */
    @Test
    void removesHalvesToo() throws IOException {
        node.namespaces.delete("/run/netns/pod1");
        Files.delete(disk.resolve("leases/net/10.1.2.3"));
        gc().json(VALID, "[{\"containerID\": \"c3\", \"ifname\": \"eth0\"}]")
                .run()
                .good();
        assertEquals(1, node.hostLinks().size());
        assertEquals(List.of("10.1.2.4 c3/eth0"), node.leases());
    }

    @Test
    void goesOnAfterAFailureAndTellsIt() throws IOException {
        node.namespaces.kernel.failRequests("link delete index 3", Errno.EPERM);
        String error = gc().json(VALID, "[]").run().error();
        assertEquals("999 link delete index 3: EPERM Operation not permitted (injected)", error);
        assertEquals(1, node.hostLinks().size());
        assertEquals(List.of(), node.leases());
        node.namespaces.kernel.heal();
        gc().json(VALID, "[]").run().good();
        assertEquals(List.of(), node.hostLinks());
    }

    @Test
    void tellsAllFailures() throws IOException {
        node.namespaces.kernel.failRequests("link delete", Errno.EPERM);
        String error = gc().json(VALID, "[]").run().error();
        assertTrue(error.contains("index 2") && error.contains("index 3") && error.contains("index 4"), error);
    }
}
