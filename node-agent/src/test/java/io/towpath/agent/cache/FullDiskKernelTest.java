package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NeedsRoot
class FullDiskKernelTest {
    @TempDir
    private Path disk;

    private final CacheScene scene = new CacheScene();

    @Test
    void aFullDiskIsToldLeavesWhatIsThereAndNothingElse() throws Exception {
        execute("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.toString());
        try (Cache cache = scene.cache(disk.resolve("cache"), Duration.ofMillis(5))) {
            CachedFile file = cache.file("f", "thing 1");
            scene.keepAndAwait(file, "small");
            file.keep(out -> out.write(new byte[256 << 10]), () -> {});
            scene.await("a problem", () -> String.valueOf(cache.problem()).contains("No space left on device"));
            assertEquals("small", CacheScene.read(file));
            scene.keepAndAwait(file, "small again");
            assertNull(cache.problem());
            assertEquals("small again", CacheScene.read(file));
            fill(disk.resolve("filler"));
            CacheScene.keep(file, "x".repeat(9000), () -> {});
            scene.await("a problem", () -> String.valueOf(cache.problem()).contains("No space left on device"));
            assertFalse(Files.exists(disk.resolve("cache/.f.new")));
            assertEquals("small again", CacheScene.read(file));
        } finally {
            execute("umount", disk.toString());
        }
    }

    private static void fill(Path filler) throws IOException {
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("No space left"), e::toString);
        }
    }

    private static void execute(String... command) throws Exception {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), String.join(" ", command));
    }
}
