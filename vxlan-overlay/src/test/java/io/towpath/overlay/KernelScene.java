package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Node n1 of clusters of {@link Clusters} on the real kernel, with n2 at the other end of its eth0. */
abstract class KernelScene {
    @TempDir
    private Path folder;

    TestNode node;
    TestNode other;

    @BeforeEach
    void connect() throws IOException {
        node = new TestNode(folder);
        other = new TestNode(folder);
        TestNode.connect(node, other);
        node.ip("addr add 192.168.0.1/16 dev eth0");
        other.ip("addr add 192.168.0.2/16 dev eth0");
        node.ip("addr add fd00::1/64 dev eth0 nodad");
        other.ip("addr add fd00::2/64 dev eth0 nodad");
    }

    @AfterEach
    void close() {
        node.close();
        other.close();
    }

    void cluster(int nodes, boolean ipv6) throws IOException {
        Files.writeString(node.clusterFile(), Clusters.json(nodes, ipv6, ""));
        Files.writeString(
                other.clusterFile(), Clusters.json(nodes, ipv6, "").replace("\"n1\",\"nodes\"", "\"n2\",\"nodes\""));
    }

    static void assertContains(String part, String text) {
        assertTrue(text.contains(part), () -> "\"" + part + "\" is not in\n" + text);
    }
}
