package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.ipam.LeaseFile;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lease as it is listed. One whose file cannot be read is listed, too: its address is taken, and whose it is cannot be told.
 *
 * @param network the network's name
 * @param file the lease on disk
 * @param pod the pod that has it as {@code namespace/name}, null where nobody tells
 */
public record LeaseRow(
        String network, LeaseFile file, @Nullable String pod) {
    /** Of {@link #columns}. */
    public static final List<String> HEADS = List.of("NETWORK", "ADDRESS", "POD", "CONTAINER", "INTERFACE", "SINCE");

    private static final String UNKNOWN = "?";

    /** Those of a network's files, in their order. */
    public static List<LeaseRow> of(List<LeaseFile> files, String network, PodNames pods) {
        List<LeaseRow> rows = new ArrayList<>();
        for (LeaseFile file : files) {
            if (file.isLease()) {
                rows.add(new LeaseRow(network, file, pods.of(network, file.attachment())));
            } else if (file.state() == LeaseFile.State.UNREADABLE) {
                rows.add(new LeaseRow(network, file, null));
            }
        }
        return rows;
    }

    /** Whether it is known whose it is. */
    public boolean isReadable() {
        return file.isLease();
    }

    /** What a text has of it. */
    public List<String> columns() {
        return List.of(
                network,
                file.address().toString(),
                pod == null ? "-" : pod,
                isReadable() ? file.attachment().containerId() : UNKNOWN,
                isReadable() ? file.attachment().interfaceName() : UNKNOWN,
                since());
    }

    /** What JSON has of it; null for what cannot be read. */
    public void fill(ObjectNode json) {
        json.put("network", network)
                .put("address", file.address().toString())
                .put("pod", pod)
                .put("containerID", isReadable() ? file.attachment().containerId() : null)
                .put("ifname", isReadable() ? file.attachment().interfaceName() : null)
                .put("since", since());
    }

    /** What a text says below its rows: empty, or a line of what could not be read. */
    public static String remark(List<LeaseRow> rows) {
        long unreadable = rows.stream().filter(row -> !row.isReadable()).count();
        return unreadable == 0
                ? ""
                : "\n" + unreadable + " could not be read (" + UNKNOWN
                        + "): run this as root; if that is no help, look at the disk\n";
    }

    /** When it was made, to the second. */
    public String since() {
        return Instant.ofEpochSecond(0, file.modified())
                .truncatedTo(ChronoUnit.SECONDS)
                .toString();
    }
}
