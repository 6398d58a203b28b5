package io.towpath.agent.cache;

import io.towpath.overlay.Cluster;
import io.towpath.overlay.ClusterFile;
import io.towpath.overlay.ClusterFileException;
import io.towpath.overlay.ClusterFileWriter;
import java.io.EOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The cluster as the overlay was last made of, on disk. For use by one thread. */
public final class CachedCluster {
    private static final String FILE = "cluster.json";
    private static final String KIND = "cluster 1";

    private final Cache cache;
    private final CachedFile file;
    private @Nullable Cluster kept;
    private boolean isRead;
    private @Nullable Cluster known;

    /** A cluster; nothing is read yet. */
    public CachedCluster(Cache cache) {
        this.cache = cache;
        file = cache.file(FILE, KIND);
    }

    /** What an agent before kept; null if there is nothing of use, which is told once. */
    public @Nullable Cluster read() {
        if (!isRead) {
            isRead = true;
            known = file.read((in, length) -> parse(in.readNBytes(length), length));
        }
        return known;
    }

    private Cluster parse(byte[] content, int length) throws IOException {
        if (content.length < length) {
            throw new EOFException("it is cut");
        }
        try {
            return ClusterFile.parseLive(file.path().toString(), content);
        } catch (ClusterFileException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Has it kept, if it is another than the last. */
    public void keep(Cluster cluster) {
        if (!cluster.equals(kept)) {
            kept = cluster;
            known = null;
            file.keep(out -> out.write(ClusterFileWriter.write(cluster)), () -> {});
        }
    }

    /** Why what is known cannot be kept; null if it can. */
    public @Nullable String problem() {
        return cache.problem();
    }
}
