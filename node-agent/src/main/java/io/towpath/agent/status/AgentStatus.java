package io.towpath.agent.status;

import io.towpath.overlay.ServableNodes.Rejected;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the agent and its node are after a round.
 *
 * @param node this node's name, null before it is known
 * @param started when the agent was started
 * @param source where the cluster is known from
 * @param overlay how the overlay is
 * @param rejected the nodes that cannot be served
 * @param repairs what has been repaired since the start, by kind
 * @param lastRepairs of each peer that anything was repaired of, the last
 * @param rounds how many rounds there were
 * @param lastRound when the last one ended
 */
public record AgentStatus(
        @Nullable String node,
        Instant started,
        Source source,
        Overlay overlay,
        List<Rejected> rejected,
        Map<String, Long> repairs,
        Map<String, Repair> lastRepairs,
        long rounds,
        Instant lastRound) {
    public AgentStatus {
        rejected = List.copyOf(rejected);
        repairs = Map.copyOf(repairs);
        lastRepairs = Map.copyOf(lastRepairs);
    }

    /**
     * Where the cluster is known from.
     *
     * @param name such as {@code "kubernetes"} or a file's path
     * @param inSync whether it has told the whole cluster since the start
     * @param lastChange when it last told one, null for never
     * @param trouble what is wrong with it, null for nothing
     */
    public record Source(
            String name,
            boolean inSync,
            @Nullable Instant lastChange,
            @Nullable String trouble) {}

    /**
     * The overlay.
     *
     * @param stands whether it is as it must be, but for single peers
     * @param devices its devices
     * @param problem why it does not stand, null if it does
     * @param peerProblems by node, what could not be done for a peer
     */
    public record Overlay(
            boolean stands, List<Device> devices, @Nullable String problem, Map<String, String> peerProblems) {
        public Overlay {
            devices = List.copyOf(devices);
            peerProblems = Map.copyOf(peerProblems);
        }
    }

    /**
     * A device.
     *
     * @param name such as {@code "flannel.1"}
     * @param slice this node's part of the pods' network
     * @param underlay the interface that tunnel packets leave by
     * @param mtu in bytes
     * @param peers how many nodes are reached by it
     */
    public record Device(String name, String slice, String underlay, int mtu, int peers) {}

    /** Something that was repaired: what, and when. */
    public record Repair(String what, Instant when) {}

    /** Why the node is not ready for pods; null if it is. */
    public @Nullable String notReady() {
        if (!source.inSync) {
            return "the cluster is not known yet from " + source.name
                    + (source.trouble == null ? "" : ": " + source.trouble);
        }
        if (!overlay.stands) {
            return overlay.problem == null ? "the overlay does not stand yet" : overlay.problem;
        }
        return null;
    }
}
