package io.towpath.agent.status;

import io.towpath.agent.policy.denial.DenialCounts;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.policy.nft.PolicyTable;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the agent and its node are after a round. {@link StatusJson} writes it.
 *
 * @param node this node's name, null before it is known
 * @param started when the agent was started
 * @param taken when this was so
 * @param source where the cluster is known from
 * @param overlay how the overlay is
 * @param rejected the nodes that cannot be served, and single families that cannot, this node's among them
 * @param readyNodes the other nodes that the cluster says are Ready, of those that have joined the overlay or could not be read
 * @param repairs what has been repaired since the start, by kind
 * @param lastRepairs of each peer that anything was repaired of, the last
 * @param rounds what became of the rounds
 * @param guard the nftables table of the overlay
 * @param ipam how full the ranges are
 * @param attachments what was cleared away of pods that are gone
 * @param policy how policies are enforced, null for an agent that enforces none
 */
public record AgentStatus(
        @Nullable String node,
        Instant started,
        Instant taken,
        Source source,
        Overlay overlay,
        List<Rejected> rejected,
        Set<String> readyNodes,
        Map<String, Long> repairs,
        Map<String, Repair> lastRepairs,
        Rounds rounds,
        Guard guard,
        List<Fill> ipam,
        Attachments attachments,
        @Nullable Policy policy) {
    public AgentStatus {
        rejected = List.copyOf(rejected);
        readyNodes = Set.copyOf(readyNodes);
        repairs = Map.copyOf(repairs);
        lastRepairs = Map.copyOf(lastRepairs);
        ipam = List.copyOf(ipam);
    }

    /** Of an agent that has just started. */
    public static AgentStatus starting(@Nullable String node, String source, Instant now) {
        return new AgentStatus(
                node,
                now,
                now,
                new Source(source, false, null, null, null),
                new Overlay(false, List.of(), null, Map.of(), List.of(), List.of()),
                List.of(),
                Set.of(),
                Map.of(),
                Map.of(),
                Rounds.NONE,
                Guard.UNKNOWN,
                List.of(),
                Attachments.NONE,
                null);
    }

    /** The same with another state of policies. */
    public AgentStatus withPolicy(@Nullable Policy other) {
        return new AgentStatus(
                node,
                started,
                taken,
                source,
                overlay,
                rejected,
                readyNodes,
                repairs,
                lastRepairs,
                rounds,
                guard,
                ipam,
                attachments,
                other);
    }

    /** The same with another state of the overlay's table, which was looked at now. */
    public AgentStatus with(Guard other, Rounds counted, Instant now) {
        return new AgentStatus(
                node,
                started,
                now,
                source,
                overlay,
                rejected,
                readyNodes,
                repairs,
                lastRepairs,
                counted,
                other,
                ipam,
                attachments,
                policy);
    }

    /** The same with other leases and attachments. */
    public AgentStatus with(List<Fill> fills, Attachments cleared) {
        return new AgentStatus(
                node,
                started,
                taken,
                source,
                overlay,
                rejected,
                readyNodes,
                repairs,
                lastRepairs,
                rounds,
                guard,
                fills,
                cleared,
                policy);
    }

    /** The same with more repairs, by kind. */
    public AgentStatus withRepairs(Map<String, Long> more) {
        Map<String, Long> all = new HashMap<>(repairs);
        more.forEach((kind, count) -> all.merge(kind, count, Long::sum));
        return new AgentStatus(
                node,
                started,
                taken,
                source,
                overlay,
                rejected,
                readyNodes,
                all,
                lastRepairs,
                rounds,
                guard,
                ipam,
                attachments,
                policy);
    }

    /**
     * Where the cluster is known from.
     *
     * @param name such as {@code "kubernetes"} or a file's path
     * @param inSync whether it has told the whole cluster since the start
     * @param lastChange when it last told one, null for never
     * @param trouble what is wrong with it, null for nothing
     * @param cacheProblem why what it tells cannot be kept on disk, null if it can or need not
     */
    public record Source(
            String name,
            boolean inSync,
            @Nullable Instant lastChange,
            @Nullable String trouble,
            @Nullable String cacheProblem) {}

    /**
     * The overlay.
     *
     * @param stands whether it is as it must be, but for single peers, and the files that tell others of it are written
     * @param devices its devices with their peers
     * @param problem why it does not stand, null if it does
     * @param peerProblems by node, what could not be done for a peer
     * @param obstacles what of others keeps packets from it though it stands, one line each
     * @param outside pods of this node with addresses outside its slices, one line each
     */
    public record Overlay(
            boolean stands,
            List<DesiredOverlay.Device> devices,
            @Nullable String problem,
            Map<String, String> peerProblems,
            List<String> obstacles,
            List<String> outside) {
        public Overlay {
            obstacles = List.copyOf(obstacles);
            outside = List.copyOf(outside);
            devices = List.copyOf(devices);
            peerProblems = Map.copyOf(peerProblems);
        }
    }

    /** Something that was repaired: what, and when. */
    public record Repair(String what, Instant when) {}

    /**
     * The rounds of comparing what is with what must be.
     *
     * @param total all since the start, those that failed too
     * @param failed those that failed as a whole or for a peer
     * @param lastDuration how long the last one took
     */
    public record Rounds(long total, long failed, Duration lastDuration) {
        /** Before the first. */
        public static final Rounds NONE = new Rounds(0, 0, Duration.ZERO);

        /** After one more. */
        public Rounds ended(boolean well, Duration duration) {
            return new Rounds(total + 1, failed + (well ? 0 : 1), duration);
        }
    }

    /**
     * The nftables table of the overlay: masquerade, forward, who may send to the overlay's port, and whose sources are pods'.
     *
     * @param inForce whether it is as it must be
     * @param problem why it is not, null if it is or has not been looked at yet
     * @param repairs how often it was put right after others had changed it, since the start
     * @param lastRepair when last, null if never
     * @param dropped the packets that it has dropped; fewer when its rules are made anew
     */
    public record Guard(
            boolean inForce,
            @Nullable String problem,
            long repairs,
            @Nullable Instant lastRepair,
            long dropped) {
        /** Before the first look. */
        public static final Guard UNKNOWN = new Guard(false, null, 0, null, 0);
    }

    /**
     * How full a range set is.
     *
     * @param network the network's name
     * @param range first and last address with a hyphen between them, of several ranges with commas
     * @param capacity the addresses that can be leased; {@link Long#MAX_VALUE} stands for any more
     * @param taken those of them that are
     */
    public record Fill(String network, String range, long capacity, long taken) {}

    /**
     * What was cleared away of pods that are gone, since the start.
     *
     * @param leases the leases given back
     * @param links the endpoints removed
     * @param routes the routes removed
     * @param last when leases, endpoints and routes were last compared with the pods that exist, null if never
     * @param problem why they could not be, null if they could
     */
    public record Attachments(
            long leases,
            long links,
            long routes,
            @Nullable Instant last,
            @Nullable String problem) {
        /** Before the first comparison. */
        public static final Attachments NONE = new Attachments(0, 0, 0, null, null);
    }

    /**
     * The policies.
     *
     * @param isKnown whether the source has told all of them since the start
     * @param inForce whether what they say is in force
     * @param problem why it is not, null if it is or has not been tried yet
     * @param trouble what is wrong with their source, null for nothing
     * @param held when what is known last held, by the source's word: now, but while that is in trouble or has not told anything since
     *     the start; null where nothing is known
     * @param policies how many NetworkPolicies the cluster has
     * @param clusterPolicies how many ClusterNetworkPolicies
     * @param endpoints how many pods' interfaces of this node they are in force for
     * @param waiting pods of this node that are not known enough, to which all is denied
     * @param problems what cannot be done as it is written
     * @param repairs how often the table was put right after others had changed it, since the start
     * @param lastRepair when last, null if never
     * @param rounds what became of the rounds
     * @param dropped the packets that were dropped
     * @param tried the packets that policies of a dry run would have dropped; null where there are none
     * @param denied whose packets were denied, and by what
     * @param counted when the packets were counted last, null for never
     * @param unenforced what the cluster has of policies that nobody enforces here, null before the first look
     */
    public record Policy(
            boolean isKnown,
            boolean inForce,
            @Nullable String problem,
            @Nullable String trouble,
            @Nullable Instant held,
            int policies,
            int clusterPolicies,
            int endpoints,
            List<String> waiting,
            List<String> problems,
            long repairs,
            @Nullable Instant lastRepair,
            Rounds rounds,
            PolicyTable.Dropped dropped,
            PolicyTable.@Nullable Dropped tried,
            Denied denied,
            @Nullable Instant counted,
            @Nullable Unenforced unenforced) {
        /** Before the first round. */
        public static final Policy UNKNOWN = new Policy(
                false,
                false,
                null,
                null,
                null,
                0,
                0,
                0,
                List.of(),
                List.of(),
                0,
                null,
                Rounds.NONE,
                new PolicyTable.Dropped(0, 0, 0, 0),
                null,
                Denied.NONE,
                null,
                null);

        public Policy {
            waiting = List.copyOf(waiting);
            problems = List.copyOf(problems);
        }

        /** How long ago what is known last held; null where nothing is known. */
        public @Nullable Duration age(Instant now) {
            if (held == null) {
                return null;
            }
            return (isKnown && trouble == null) || held.isAfter(now) ? Duration.ZERO : Duration.between(held, now);
        }

        private @Nullable String notReady() {
            if (!isKnown) {
                return "the policies of the cluster are not known yet"
                        + (held == null ? "" : ", those known before are enforced")
                        + (trouble == null ? "" : ": " + trouble);
            }
            if (!inForce) {
                return problem == null ? "the policies are not in force yet" : problem;
            }
            return null;
        }
    }

    /**
     * Packets that were denied, or would have been by a dry run.
     *
     * @param byPod as the table counts them; from 0 with a pod
     * @param byPolicy since the start; where more was denied than logged by the proportions of what was; null where nothing is logged
     * @param logLost how often more was logged than could be taken
     */
    public record Denied(
            Map<DenialCounts.Key, Long> byPod, @Nullable Map<DenialCounts.Policy, Long> byPolicy, long logLost) {
        /** Before the first look. */
        public static final Denied NONE = new Denied(Map.of(), Map.of(), 0);

        public Denied {
            byPod = Map.copyOf(byPod);
            byPolicy = byPolicy == null ? null : Map.copyOf(byPolicy);
        }
    }

    /**
     * Objects of Calico's own kinds, which are not enforced.
     *
     * @param count how many there are
     * @param names of the first of them, such as {@code "NetworkPolicy default/web"}
     * @param problem why there may be others, null if there are none
     */
    public record Unenforced(
            int count, List<String> names, @Nullable String problem) {
        private static final int NAMED = 20;

        public Unenforced {
            names = List.copyOf(names);
        }

        /** Of all names. */
        public static Unenforced of(List<String> all, @Nullable String problem) {
            return new Unenforced(all.size(), all.subList(0, Math.min(NAMED, all.size())), problem);
        }
    }

    /** What is left out though the cluster says that it is there. */
    public LeftOut leftOut() {
        return LeftOut.of(this);
    }

    /** Why the node is not ready; null if it is. */
    public @Nullable String notReady() {
        String reason = notServing();
        return reason == null ? leftOut().problem() : reason;
    }

    /** Why the node can have no pods; null if it can, though something may be left out. */
    public @Nullable String notServing() {
        if (!source.inSync) {
            return "the cluster is not known yet from " + source.name
                    + (source.trouble == null ? "" : ": " + source.trouble);
        }
        if (!overlay.stands) {
            return overlay.problem == null ? "the overlay does not stand yet" : overlay.problem;
        }
        if (!guard.inForce) {
            return guard.problem == null ? "the overlay's nftables table is not in force yet" : guard.problem;
        }
        return policy == null ? null : policy.notReady();
    }
}
