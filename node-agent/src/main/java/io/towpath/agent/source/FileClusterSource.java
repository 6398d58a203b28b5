package io.towpath.agent.source;

import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import io.towpath.overlay.ClusterFileException;
import io.towpath.overlay.ClusterSnapshot;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cluster file, read again whenever its folder changes and, as not every file system tells of changes, every few seconds.
 * One that is wrong or gone is trouble; the last one that was right stays in force.
 */
public final class FileClusterSource implements ClusterSource {
    private static final long POLL_SECONDS = 2;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final String file;
    private final LastingThread thread;
    private @Nullable Listener listener;
    private @Nullable ClusterSnapshot last;

    /** @param file its path */
    public FileClusterSource(String file) {
        this.file = file;
        thread = new LastingThread("cluster-file", LIMIT, this::unwatched, this::watch);
    }

    @Override
    public String name() {
        return file;
    }

    @Override
    public void start(Listener to) {
        listener = to;
        thread.start();
    }

    @Override
    public Heartbeat heartbeat() {
        return thread.heartbeat();
    }

    /** Nodes of a cluster file know of each other by the file. */
    @Override
    public void publish(OwnNode own) {}

    /** Who has only a file looks at the log and the status. */
    @Override
    public void leftOut(@Nullable String message) {}

    /** As {@link #leftOut}. */
    @Override
    public void notServed(@Nullable String reason) {}

    /** As {@link #leftOut}. */
    @Override
    public void outside(@Nullable String message) {}

    private void watch() throws IOException, InterruptedException {
        Path folder = Path.of(file).toAbsolutePath().getParent();
        try (@Nullable WatchService watcher = watcher()) {
            @Nullable WatchKey key = null;
            boolean changed = true;
            while (!Thread.currentThread().isInterrupted()) {
                if (watcher != null && (key == null || !key.isValid())) {
                    key = register(folder, watcher);
                }
                thread.beat();
                // After the registration: a change between the two is then noticed.
                read(changed);
                changed = false;
                if (watcher == null) {
                    TimeUnit.SECONDS.sleep(POLL_SECONDS);
                    continue;
                }
                WatchKey event = watcher.poll(POLL_SECONDS, TimeUnit.SECONDS);
                if (event != null) {
                    event.pollEvents();
                    event.reset();
                    changed = true;
                }
            }
        }
    }

    private void unwatched(@Nullable String problem) {
        if (problem != null) {
            tell(null, "cluster file " + file + " cannot be watched: " + problem);
        }
    }

    /** Null if there are none to be had, as where others have used up inotify(7)'s limits: the file is only polled then. */
    private static @Nullable WatchService watcher() {
        try {
            return FileSystems.getDefault().newWatchService();
        } catch (IOException _) {
            return null;
        }
    }

    /** Null if the folder cannot be watched, such as one that does not exist yet: then it is only polled. */
    private static @Nullable WatchKey register(@Nullable Path folder, WatchService watcher) {
        try {
            return folder == null
                    ? null
                    : folder.register(
                            watcher,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_MODIFY,
                            StandardWatchEventKinds.ENTRY_DELETE);
        } catch (IOException _) {
            return null;
        }
    }

    /** @param changed whether something was written, so soon after the last look perhaps that the file's status is the same */
    private void read(boolean changed) {
        try {
            if (!changed && last != null && last.isStillOf(file)) {
                tell(null, null);
                return;
            }
            ClusterSnapshot snapshot = ClusterSnapshot.read(file);
            boolean news = last == null || !last.isSameAs(snapshot);
            last = snapshot;
            tell(news ? new ClusterFacts.OfFile(snapshot) : null, null);
        } catch (ClusterFileException e) {
            tell(null, e.getMessage());
        } catch (RuntimeException | Error e) {
            // A mistake of ours that some file brings to light must not end the watch for a better one.
            tell(null, Uncaught.line(e));
        }
    }

    private void tell(@Nullable ClusterFacts facts, @Nullable String trouble) {
        Listener to = listener;
        if (to != null) {
            to.trouble(trouble);
            if (facts != null) {
                to.cluster(facts);
            }
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
