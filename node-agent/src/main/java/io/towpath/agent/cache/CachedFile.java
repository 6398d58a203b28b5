package io.towpath.agent.cache;

import io.towpath.agent.log.Uncaught;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One file of the cache: of what is to be kept the newest is written, and not too often. */
final class CachedFile {
    private final Cache cache;
    private final Path path;
    private final String kind;
    private final Duration gap;

    // With the lock.
    private @Nullable Pending pending;
    private boolean isScheduled;

    // Of the cache's thread alone.
    private long earliest = System.nanoTime();

    private record Pending(SealedFile.Content content, Runnable written) {}

    CachedFile(Cache cache, Path path, String kind, Duration gap) {
        this.cache = cache;
        this.path = path;
        this.kind = kind;
        this.gap = gap;
    }

    private String head() {
        return kind + " " + cache.owner();
    }

    Path path() {
        return path;
    }

    /**
     * Has it written soon, in the place of what it says and of what it was to say. Returns at once.
     *
     * @param content called on the cache's thread
     * @param written called there as well, once it is on the disk
     */
    void keep(SealedFile.Content content, Runnable written) {
        synchronized (this) {
            pending = new Pending(content, written);
            if (isScheduled) {
                return;
            }
            isScheduled = true;
        }
        cache.run(this::writeWhenDue, Duration.ZERO);
    }

    private void writeWhenDue() {
        long wait = earliest - System.nanoTime();
        if (wait > 0) {
            cache.run(this::writeWhenDue, Duration.ofNanos(wait));
            return;
        }
        synchronized (this) {
            isScheduled = false;
        }
        writeNow();
    }

    /** On the cache's thread. */
    void writeNow() {
        Pending taken;
        synchronized (this) {
            taken = pending;
            pending = null;
        }
        if (taken == null) {
            return;
        }
        try {
            SealedFile.write(path, head(), taken.content);
            earliest = System.nanoTime() + gap.toNanos();
            cache.tell(path, null);
            taken.written.run();
        } catch (IOException | RuntimeException | Error e) {
            Uncaught.endIfMust(e);
            earliest = System.nanoTime() + gap.toNanos();
            cache.tell(path, "cannot be written: " + reason(e));
            again(taken);
        }
    }

    /** What could not be written is tried again, unless there is something newer. */
    private void again(Pending failed) {
        synchronized (this) {
            if (pending != null) {
                return;
            }
            pending = failed;
            isScheduled = true;
        }
        cache.run(this::writeWhenDue, gap);
    }

    /** Notes that what it says still held at a time. */
    void confirm(Instant when) {
        try {
            Files.setLastModifiedTime(path, FileTime.from(when));
            cache.tell(path, null);
        } catch (IOException e) {
            cache.tell(path, "cannot be written: " + reason(e));
        }
    }

    /**
     * What was kept by an agent before; null if there is nothing, or nothing that is of use, which is told.
     *
     * @param reader may throw any exception for what it cannot understand
     */
    <T> @Nullable T read(SealedFile.Reader<T> reader) {
        try {
            return SealedFile.read(path, head(), reader);
        } catch (IOException | RuntimeException e) {
            cache.log().warn("what was known before is not used", "file", path, "problem", reason(e));
            return null;
        }
    }

    /** When what it says last held, as {@link #confirm} or the writing noted; not after {@code now}. */
    Instant held(Instant now) throws IOException {
        Instant noted = Files.getLastModifiedTime(path).toInstant();
        return noted.isAfter(now) ? now : noted;
    }

    /** In one line. The message of a file's exception may be no more than its path. */
    private static String reason(Throwable e) {
        String message = e.getMessage();
        String line = message == null || message.indexOf(' ') < 0 ? e.toString() : message;
        return line.lines().findFirst().orElse("");
    }
}
