package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.Libc;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A full disk makes ADD fail and nothing else: no half pod, no torn lease, and all is well once there is room again. */
@OnLab
class FullDiskTest {
    private static final int PAGE = 4096;

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final Path filler = node.dataDir().resolve("filler");

    @BeforeEach
    void smallDisk() throws IOException {
        Files.createDirectories(node.dataDir());
        Libc.mountTmpfs(node.dataDir().toString(), "size=256k,nr_inodes=64");
    }

    private void fill() throws IOException {
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) 'x');
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(page);
            }
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("No space left"), e.getMessage());
        }
    }

    private void useUpInodes() throws IOException {
        Files.createDirectories(filler);
        try {
            for (int i = 0; ; i++) {
                Files.createFile(filler.resolve("f" + i));
            }
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("No space left"), e.getMessage());
        }
    }

    private void makeRoom() throws IOException {
        if (Files.isDirectory(filler)) {
            try (var files = Files.list(filler)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
        Files.delete(filler);
    }

    @ParameterizedTest
    @ValueSource(strings = {"blocks", "inodes"})
    void addFailsWholeAndWorksLater(String what) throws IOException {
        try (Pod first = node.pod("first").add();
                Pod second = node.pod("second")) {
            if (what.equals("blocks")) {
                fill();
            } else {
                useUpInodes();
            }
            NodeState before = node.state();
            for (int i = 0; i < 3; i++) {
                String message = second.tryAdd().error().path("msg").asText();
                assertTrue(message.contains("No space left"), message);
                node.state().assertSameAs(before);
                assertEquals(
                        Map.of(first.address(), Leases.content(first.containerId(), "eth0")),
                        node.leases().all());
            }
            second.del();
            first.check().succeededSilently();
            first.ping(node.address());

            makeRoom();
            second.add();
            second.ping(first.address());
            second.del();

            // A lease is given back even then: that takes no room.
            if (what.equals("blocks")) {
                fill();
            } else {
                useUpInodes();
            }
            first.del();
            assertEquals(Map.of(), node.leases().all());
            makeRoom();
        }
        node.leases().assertEmpty();
    }
}
