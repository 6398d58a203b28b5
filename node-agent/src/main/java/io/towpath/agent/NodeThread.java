package io.towpath.agent;

import io.towpath.agent.cache.CachedCluster;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.guard.TunnelFirewall;
import io.towpath.agent.log.Log;
import io.towpath.agent.overlay.OverlayController;
import io.towpath.agent.overlay.OwnChoices;
import io.towpath.agent.pods.HostPortController;
import io.towpath.agent.pods.PodLinkController;
import io.towpath.agent.pods.PodSourceController;
import io.towpath.agent.runtime.ControlThread;
import io.towpath.agent.source.ClusterSource;
import io.towpath.agent.status.StatusBoard;
import io.towpath.cni.wiring.PodLinkKeeper;
import io.towpath.cni.wiring.PodLinkKeeper.Repair;
import io.towpath.netlink.NetlinkException;
import io.towpath.overlay.OverlayConfig;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The thread of what the node needs for pods of others: the overlay with its firewall, and what others delete of this node's pods. No ADD waits
 * for any of it.
 *
 * @param thread runs them all
 * @param overlay takes what the source of the cluster tells
 */
public record NodeThread(ControlThread thread, OverlayController overlay) {
    /** All run at least every 30 s, and take well below a second with thousands of peers. */
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /**
     * One for the network namespace that the calling thread is in, which is to run it, too.
     *
     * @param holdings who has which address of the pods' network
     * @param cached where a live cluster is kept for a start after a boot; null for nowhere
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public static NodeThread of(
            OverlayConfig files,
            OwnChoices choices,
            GuardPolicy policy,
            PodLinkKeeper.Holdings holdings,
            ClusterSource source,
            @Nullable CachedCluster cached,
            Log log,
            StatusBoard board)
            throws NetlinkException {
        Clock clock = Clock.systemUTC();
        PodLinkController podLinks = new PodLinkController(holdings, log, repairs -> count(repairs, board));
        TunnelFirewall firewall = new TunnelFirewall(policy, log, clock, board);
        OverlayController overlay =
                new OverlayController(files, choices, firewall, podLinks::addresses, source, cached, log, clock, board);
        return new NodeThread(
                new ControlThread(
                        "reconcile",
                        LIMIT,
                        log,
                        List.of(
                                new HostPortController(log),
                                podLinks,
                                new PodSourceController(log),
                                firewall,
                                overlay)),
                overlay);
    }

    private static void count(List<Repair> repairs, StatusBoard board) {
        Map<String, Long> kinds = new HashMap<>();
        repairs.forEach(each -> kinds.merge("pod-" + each.what(), 1L, Long::sum));
        board.update(before -> before.withRepairs(kinds));
    }
}
