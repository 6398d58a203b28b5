package io.towpath.overlay;

import io.towpath.linux.LinuxException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A cluster at one time, and where that is known from. */
public final class ClusterSnapshot {
    /** In the place of a file's fingerprint. */
    private static final String OF_AGENT = KnownState.OF_AGENT;

    private final Cluster cluster;
    private final byte[] content;
    private final String fingerprint;
    private final @Nullable String warning;

    ClusterSnapshot(Cluster cluster, byte[] content, String fingerprint, @Nullable String warning) {
        this.cluster = cluster;
        this.content = content;
        this.fingerprint = fingerprint;
        this.warning = warning;
    }

    /** What an agent knows of a live cluster. */
    public static ClusterSnapshot of(Cluster cluster) {
        return new ClusterSnapshot(cluster, ClusterFileWriter.write(cluster), OF_AGENT, null);
    }

    /**
     * Reads a cluster file.
     *
     * @throws ClusterFileException if it is missing, cannot be read or is wrong
     */
    public static ClusterSnapshot read(String file) throws ClusterFileException {
        String fingerprint;
        try {
            // Before the content: a change between the two is then noticed by the next look.
            fingerprint = KnownState.fingerprint(file);
        } catch (LinuxException e) {
            throw new ClusterFileException(file, "", "cannot be read: " + e.getMessage());
        }
        byte[] content = fingerprint == null ? null : ClusterFile.content(file);
        if (fingerprint == null || content == null) {
            throw ClusterFile.missing(file);
        }
        return new ClusterSnapshot(ClusterFile.parse(file, content), content, fingerprint, null);
    }

    /** Whether a file is, by its status, still the one that was read; then there is nothing new in it. */
    public boolean isStillOf(String file) {
        try {
            return fingerprint.equals(KnownState.fingerprint(file));
        } catch (LinuxException _) {
            return false; // reading it will say why
        }
    }

    /** The cluster. */
    public Cluster cluster() {
        return cluster;
    }

    /** Whether it is the same cluster in the same state of the same source. */
    public boolean isSameAs(ClusterSnapshot other) {
        return (isOfAgent() ? other.isOfAgent() : fingerprint.equals(other.fingerprint))
                && Arrays.equals(content, other.content);
    }

    /** Whether it is what an agent knows of a live cluster. */
    boolean isOfAgent() {
        return fingerprint.startsWith(OF_AGENT);
    }

    /** As a cluster file has it. */
    byte[] content() {
        return content;
    }

    /** Tells one state of a source from another. */
    String fingerprint() {
        return fingerprint;
    }

    /** What is wrong with the source, null if nothing. */
    @Nullable
    String warning() {
        return warning;
    }
}
