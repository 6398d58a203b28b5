package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.net.IpPrefix;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Caches of node a with a log, and files of text. */
final class CacheScene {
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();

    Cache cache(Path folder, Duration gap) {
        Log log = new Log(
                new PrintStream(lines, true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.DEBUG,
                Clock.systemUTC());
        return new Cache(folder, "a", () -> List.of(IpPrefix.parse("10.64.0.0/10")), log, gap);
    }

    String log() {
        return lines.toString(StandardCharsets.UTF_8);
    }

    static void keep(CachedFile file, String text, Runnable written) {
        file.keep(out -> out.write(text.getBytes(StandardCharsets.UTF_8)), written);
    }

    void keepAndAwait(CachedFile file, String text) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        keep(file, text, done::countDown);
        assertTrue(done.await(20, TimeUnit.SECONDS), this::log);
    }

    static @Nullable String read(CachedFile file) {
        return file.read((in, length) -> new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, () -> what + "\n" + log());
            LockSupport.parkNanos(2_000_000);
        }
    }
}
