package io.towpath.agent.policy.denial;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Pace;
import io.towpath.agent.runtime.Wants;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nflog.LoggedPacket;
import io.towpath.netlink.nflog.NfLog;
import io.towpath.netlink.nflog.PacketHeader;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.nft.LoggedDenial;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.ruleset.Direction;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the rules log of denied packets, and finds the policies that deny them. What it keeps is its place with the kernel's log; packets
 * are taken as they come, so it has a thread of its own.
 */
public final class DenialReader implements Controller {
    private static final String EVENT = "policy log";
    private static final Pace PACE = Pace.NORMAL.withRetry(Duration.ofSeconds(5));

    private final Log log;
    private final PolicyOptions options;
    private final Supplier<@Nullable Known> known;
    private final Supplier<Nodes> nodes;
    private final Denials denials = new Denials();
    private final DenialCounts counts = new DenialCounts();
    private final Reasons reasons = new Reasons();
    private @Nullable Monitor monitor;
    private boolean isSubscribed;
    private volatile @Nullable String notTold;

    /**
     * What packets are understood by.
     *
     * @param links the pods of this node as {@code namespace/name}, by the indexes of the node's interfaces to them
     * @param addresses the same by their addresses
     */
    public record Known(Facts facts, Map<Integer, String> links, Map<IpAddress, String> addresses) {
        /** The pod of this node that a packet is denied to or by; null if there is none. */
        @Nullable
        String pod(Direction direction, LoggedPacket packet, PacketHeader header) {
            if (direction == Direction.INGRESS) {
                return links.get(packet.output());
            }
            // What a pod sends by the node's output, as IPVS does, has come from no interface there; its source was
            // looked at before.
            return packet.input() == 0 ? addresses.get(header.source()) : links.get(packet.input());
        }
    }

    /**
     * Reads nothing yet.
     *
     * @param options the log's group
     * @param known what is known at the moment; null before anything is
     * @param nodes the nodes at the moment
     */
    public DenialReader(Log log, PolicyOptions options, Supplier<@Nullable Known> known, Supplier<Nodes> nodes) {
        this.log = log;
        this.options = options;
        this.known = known;
        this.nodes = nodes;
        notTold = options.logGroup() == PolicyOptions.NO_LOG
                ? "denied packets are not logged, by --policy-log-group=none or as the kernel cannot"
                : null;
    }

    /**
     * What the rules may do, in the network namespace of the calling thread: what was asked for, or no logging if the kernel cannot, as they would
     * be refused then.
     */
    public static PolicyOptions possible(PolicyOptions options, Log log) throws NetlinkException {
        if (options.logGroup() == PolicyOptions.NO_LOG) {
            return options;
        }
        try (Monitor attempt = new Monitor()) {
            NfLog.subscribe(attempt, null, options.logGroup(), new NfLog.Listener() {
                @Override
                public void packet(LoggedPacket packet) {}

                @Override
                public void lost() {}
            });
            return options;
        } catch (NetlinkException e) {
            if (isTaken(e) || isPassing(e)) {
                return options;
            }
            log.warn("denied packets are not logged", "problem", e.getMessage());
            return PolicyOptions.silent();
        }
    }

    @Override
    public String name() {
        return EVENT;
    }

    @Override
    public Wants wants() {
        return Wants.NOTHING;
    }

    @Override
    public Pace pace() {
        return PACE;
    }

    @Override
    public void open(Kernel kernel) {
        monitor = kernel.monitor();
        try {
            Linux.giveWay();
        } catch (LinuxException e) {
            log.warn("pods may wait for the log of denied packets", "problem", e.getMessage());
        }
    }

    @Override
    public Outcome reconcile(Round round) {
        if (isSubscribed || options.logGroup() == PolicyOptions.NO_LOG) {
            return Outcome.DONE;
        }
        try {
            NfLog.subscribe(Objects.requireNonNull(monitor), null, options.logGroup(), listener());
            isSubscribed = true;
            notTold = null;
            return Outcome.DONE;
        } catch (NetlinkException e) {
            String problem = isTaken(e)
                    ? "denied packets are not told: another program reads log group " + options.logGroup()
                            + "; end it, or choose another --policy-log-group"
                    : String.valueOf(e.getMessage());
            notTold = problem;
            return Outcome.of(problem);
        }
    }

    /** Why no denied packet is told, so that nobody knows which policies deny how many; null if they are, or soon will be. Any thread may ask. */
    public @Nullable String notTold() {
        return notTold;
    }

    /** What is known of single packets. */
    public Denials denials() {
        return denials;
    }

    /** What is known of many. */
    public DenialCounts counts() {
        return counts;
    }

    private static boolean isTaken(NetlinkException problem) {
        return problem.is(Errno.EBUSY) || problem.is(Errno.EPERM);
    }

    /** Whether it says nothing of what the kernel can. */
    private static boolean isPassing(NetlinkException problem) {
        return problem.is(Errno.EMFILE)
                || problem.is(Errno.ENFILE)
                || problem.is(Errno.ENOMEM)
                || problem.is(Errno.ENOBUFS)
                || problem.is(Errno.EINTR);
    }

    private NfLog.Listener listener() {
        return new NfLog.Listener() {
            @Override
            public void packet(LoggedPacket packet) {
                try {
                    take(packet);
                } catch (RuntimeException | Error e) {
                    // A mistake of ours that some packet brings to light must not end the log of all others.
                    log.problem(EVENT, Uncaught.line(e));
                }
            }

            @Override
            public void lost() {
                denials.lose();
            }
        };
    }

    private void take(LoggedPacket packet) {
        LoggedDenial denial = LoggedDenial.of(packet.prefix());
        PacketHeader header = packet.header();
        Known now = known.get();
        if (denial == null || header == null || now == null) {
            return;
        }
        Direction direction = denial.direction();
        String pod = now.pod(direction, packet, header);
        if (pod == null) {
            return; // has just gone
        }
        Reasons.Reason reason = reasons.of(now.facts, nodes.get(), header, denial, pod);
        counts.logged(new DenialCounts.Key(pod, direction, denial.enforced()), reason.policies());
        denials.add(id -> new Denial(
                id,
                packet.time(),
                denial.enforced(),
                direction,
                pod,
                reason.from(),
                reason.to(),
                PortText.of(header),
                reason.policies()
                        .subList(
                                0,
                                Math.min(Denial.MOST_POLICIES, reason.policies().size())),
                reason.policies().size(),
                reason.text()));
    }
}
