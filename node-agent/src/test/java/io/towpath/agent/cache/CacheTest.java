package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept is written by nobody who waits, not too often, and its failure is told once. */
class CacheTest {
    private static final Duration FOR_EVER = Duration.ofHours(1);

    @TempDir
    private Path disk;

    private final CacheScene scene = new CacheScene();

    @Test
    void theFirstIsWrittenAtOnceAndOfTheNextTheLastAtTheEnd() throws Exception {
        AtomicInteger written = new AtomicInteger();
        CachedFile file;
        try (Cache cache = scene.cache(disk, FOR_EVER)) {
            file = cache.file("f", "thing 1");
            scene.keepAndAwait(file, "first");
            for (int i = 0; i < 1000; i++) {
                CacheScene.keep(file, "next " + i, written::incrementAndGet);
            }
            assertEquals("first", CacheScene.read(file));
            assertEquals(0, written.get());
        }
        assertEquals("next 999", CacheScene.read(file));
        assertEquals(1, written.get());
    }

    @Test
    void whatComesDuringAWriteIsWrittenAfterIt() throws Exception {
        try (Cache cache = scene.cache(disk, Duration.ofMillis(1))) {
            CachedFile file = cache.file("f", "thing 1");
            CountDownLatch writing = new CountDownLatch(1);
            CountDownLatch more = new CountDownLatch(1);
            file.keep(
                    out -> {
                        out.write('1');
                        writing.countDown();
                        try {
                            more.await();
                        } catch (InterruptedException e) {
                            throw new IOException(e);
                        }
                    },
                    () -> {});
            assertTrue(writing.await(20, TimeUnit.SECONDS));
            CountDownLatch done = new CountDownLatch(1);
            CacheScene.keep(file, "2", done::countDown);
            more.countDown();
            assertTrue(done.await(20, TimeUnit.SECONDS));
            assertEquals("2", CacheScene.read(file));
        }
    }

    @Test
    void aFolderThatCannotBeHadIsToldOnceAndTriedAgain() throws Exception {
        Path folder = disk.resolve("folder");
        Files.writeString(folder, "in the way");
        try (Cache cache = scene.cache(folder, Duration.ofMillis(5))) {
            CachedFile file = cache.file("f", "thing 1");
            assertNull(cache.problem());
            AtomicInteger tried = new AtomicInteger();
            CountDownLatch done = new CountDownLatch(1);
            CacheScene.keep(file, "1", done::countDown);
            scene.await("a problem", () -> cache.problem() != null);
            assertTrue(String.valueOf(cache.problem()).startsWith(folder + "/f: cannot be written: "), cache::problem);
            for (int i = 0; i < 10; i++) {
                CacheScene.keep(file, "later " + i, tried::incrementAndGet);
            }
            CachedFile other = cache.file("g", "thing 1");
            CacheScene.keep(other, "1", () -> {});
            scene.await("the other one's", () -> scene.log().contains(folder + "/g"));
            assertEquals(
                    1,
                    scene.log()
                            .lines()
                            .filter(line -> line.contains(folder + "/f\""))
                            .count(),
                    scene::log);
            Files.delete(folder);
            scene.await("well again", () -> cache.problem() == null && "later 9".equals(CacheScene.read(file)));
            assertEquals(1, tried.get());
            assertEquals(1, done.getCount());
            assertTrue(scene.log().contains("problem ended"), scene::log);
        }
    }

    @Test
    void whatIsOfNoUseIsToldInOneLine() throws Exception {
        try (Cache cache = scene.cache(disk, FOR_EVER)) {
            CachedFile file = cache.file("f", "thing 1");
            assertNull(CacheScene.read(file));
            assertEquals("", scene.log());
            scene.keepAndAwait(file, "content");
            assertNull(CacheScene.read(cache.file("f", "thing 2")));
            assertNull(file.<String>read((_, _) -> {
                throw new IllegalArgumentException("invalid IP address: x\nand more");
            }));
            List<String> told = scene.log().lines().toList();
            assertEquals(2, told.size(), scene::log);
            assertTrue(
                    told.get(0).contains("what was known before is not used")
                            && told.get(0).contains("another release"),
                    scene::log);
            assertTrue(told.get(1).endsWith("problem=\"invalid IP address: x\""), scene::log);
        }
    }

    @Test
    void whenItLastHeldIsNotInTheFuture() throws Exception {
        try (Cache cache = scene.cache(disk, FOR_EVER)) {
            CachedFile file = cache.file("f", "thing 1");
            scene.keepAndAwait(file, "content");
            Instant now = Instant.now();
            file.confirm(now.minusSeconds(60));
            assertEquals(now.minusSeconds(60), file.held(now));
            assertEquals(now.minusSeconds(90), file.held(now.minusSeconds(90)));
            assertEquals("content", CacheScene.read(file));
        }
    }
}
