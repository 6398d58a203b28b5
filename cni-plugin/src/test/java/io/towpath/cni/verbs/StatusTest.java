package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.protocol.CniException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatusTest {
    @TempDir
    private Path disk;

    private TestNode node;

    @BeforeEach
    void setUp() {
        node = new TestNode(disk);
    }

    private TestNode.Call status(String ipam) {
        return node.call("STATUS", ipam);
    }

    @Test
    void readyChangesNothing() throws IOException {
        List<String> before = node.everything();
        status("\"subnet\": \"10.1.2.0/24\"").run().good();
        assertEquals(before, node.everything());
        assertEquals(List.of(), node.namespaces.kernel.writes());
        assertTrue(Files.notExists(disk.resolve("leases")));
    }

    @Test
    void tellsAnOverlayThatCannotStand() throws IOException {
        node.overlayFailure = new CniException(CniException.NOT_AVAILABLE, "no underlay");
        assertEquals(
                "50 no underlay", status("\"subnet\": \"10.1.2.0/24\"").run().error());
    }

    @Test
    void tellsExhaustion() throws IOException {
        String ipam = "\"subnet\": \"10.1.2.0/30\"";
        node.call("ADD", ipam).run().good();
        String error = status(ipam).run().error();
        assertTrue(error.startsWith("50 no IP addresses available"), error);
        node.call("DEL", ipam).run().good();
        status(ipam).run().good();
    }

    @Test
    void tellsASliceThatNobodyKnows() throws IOException {
        String error = status("\"subnet\": \"usePodCidr\"").run().error();
        assertTrue(error.startsWith("50 ") && error.contains("subnet.env"), error);
        Files.writeString(disk.resolve("subnet.env"), "FLANNEL_SUBNET=10.1.2.1/24\n");
        status("\"subnet\": \"usePodCidr\"").run().good();
    }

    @Test
    void tellsABadConfiguration() throws IOException {
        assertTrue(status("\"subnet\": \"10.1.2.0/31\"").run().error().startsWith("7 "));
    }
}
