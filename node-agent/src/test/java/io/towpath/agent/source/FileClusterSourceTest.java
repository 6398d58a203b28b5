package io.towpath.agent.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileClusterSourceTest {
    @TempDir
    private Path folder;

    private final BlockingQueue<ClusterFacts> facts = new LinkedBlockingQueue<>();
    private final BlockingQueue<Optional<String>> troubles = new LinkedBlockingQueue<>();
    private @Nullable FileClusterSource source;

    private Path file() {
        return folder.resolve("etc/cluster.json");
    }

    @BeforeEach
    void start() {
        FileClusterSource made = new FileClusterSource(file().toString());
        source = made;
        made.start(new ClusterSource.Listener() {
            private Optional<String> last = Optional.empty();

            @Override
            public void cluster(ClusterFacts now) {
                facts.add(now);
            }

            @Override
            public void trouble(@Nullable String message) {
                Optional<String> now = Optional.ofNullable(message);
                if (!now.equals(last)) {
                    last = now;
                    troubles.add(now);
                }
            }
        });
    }

    @AfterEach
    void close() {
        if (source != null) {
            source.close();
        }
    }

    private static String cluster(int nodes) {
        StringBuilder json = new StringBuilder("{\"network\": [\"10.64.0.0/10\"], \"node\": \"n1\", \"nodes\": [");
        for (int i = 1; i <= nodes; i++) {
            json.append(i == 1 ? "" : ",")
                    .append("{\"name\": \"n%d\", \"slices\": [\"10.64.%d.0/24\"], \"addresses\": [\"192.168.0.%d\"]}"
                            .formatted(i, i, i));
        }
        return json.append("]}").toString();
    }

    private void put(String content) throws IOException {
        Path next = folder.resolve("next");
        Files.writeString(next, content);
        Files.createDirectories(folder.resolve("etc"));
        Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE);
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T first = queue.poll(20, TimeUnit.SECONDS);
        assertNotNull(first);
        return first;
    }

    private int nodes() throws InterruptedException {
        ClusterFacts now = next(facts);
        assertTrue(now instanceof ClusterFacts.OfFile);
        return ((ClusterFacts.OfFile) now).snapshot().cluster().nodes().size();
    }

    @Test
    void changesAreToldAndMistakesAreTrouble() throws Exception {
        assertTrue(next(troubles).orElseThrow().contains("etc/cluster.json"), "the folder is not there yet");
        put(cluster(2));
        assertEquals(2, nodes());
        assertTrue(next(troubles).isEmpty());

        put("{");
        assertTrue(next(troubles).isPresent());
        put(cluster(3));
        assertEquals(3, nodes());
        assertTrue(next(troubles).isEmpty());

        Path aside = folder.resolve("aside");
        Files.move(file(), aside);
        assertTrue(next(troubles).isPresent());
        Files.move(aside, file());
        assertTrue(next(troubles).isEmpty(), "the same file, back again");

        Files.writeString(file(), cluster(4));
        Files.writeString(file(), cluster(5));
        int last = nodes();
        assertTrue(last == 5 || nodes() == 5, "written in place");
        assertNull(facts.poll(), "nothing is told twice");
    }
}
