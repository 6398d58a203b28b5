package io.towpath.agent.overlay;

import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Health;
import io.towpath.overlay.OverlayPlan;
import io.towpath.overlay.ServableNodes.Rejected;
import io.towpath.overlay.SyncReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Gathers what happened to the overlay into the status, and tells the log what is news. Of the controller's thread alone. */
final class OverlayStatus {
    private static final int PEERS_IN_A_LINE = 5;

    private final Log log;
    private final Clock clock;
    private final StatusBoard board;
    private final Map<String, AgentStatus.Repair> lastRepairs = new HashMap<>();
    private Map<String, Long> repairs = new HashMap<>();

    private @Nullable String node;
    private @Nullable String problem;
    private List<DesiredOverlay.Device> devices = List.of();
    private Map<String, String> peerProblems = Map.of();
    private List<String> obstacles = List.of();
    private List<String> outside = List.of();
    private List<Rejected> rejected = List.of();
    /** This node's families. */
    private List<Rejected> leftOut = List.of();

    private List<Rejected> told = List.of();
    private Map<String, Health> health = Map.of();
    private Set<String> readyNodes = Set.of();
    private boolean stands;

    OverlayStatus(Log log, Clock clock, StatusBoard board) {
        this.log = log;
        this.clock = clock;
        this.board = board;
    }

    void waiting() {
        stands = false;
        problem = null;
    }

    void failed(String message) {
        stands = false;
        problem = message;
    }

    /** Takes who is left out, and how alive nodes are, this one among them. */
    void rejected(List<Rejected> now, @Nullable String self, Map<String, Health> alive) {
        if (!alive.equals(health)) {
            health = alive;
            readyNodes = alive.entrySet().stream()
                    .filter(each ->
                            each.getValue() == Health.READY && !each.getKey().equals(self))
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toUnmodifiableSet());
        }
        rejected = now;
        tellLeftOut();
    }

    private List<Rejected> allLeftOut() {
        List<Rejected> all = new ArrayList<>(rejected);
        for (Rejected each : leftOut) {
            boolean known =
                    all.stream().anyMatch(other -> other.node().equals(each.node()) && other.family() == each.family());
            if (!known) {
                all.add(each);
            }
        }
        return all;
    }

    /** Each once. */
    private void tellLeftOut() {
        List<Rejected> now = allLeftOut();
        if (now.equals(told)) {
            return;
        }
        Set<String> wrong = new HashSet<>();
        for (Rejected each : now) {
            wrong.add(subject(each));
            log.problem(subject(each), each.reason());
        }
        for (Rejected each : told) {
            if (!wrong.contains(subject(each))) {
                log.problem(subject(each), null);
            }
        }
        told = now;
    }

    private static String subject(Rejected rejected) {
        return "node " + rejected.node() + (rejected.family() == null ? "" : ", " + rejected.family());
    }

    /** Takes what a sync did. */
    void synced(SyncReport report) {
        DesiredOverlay desired = report.desired();
        node = desired.node();
        stands = true;
        problem = null;
        devices = desired.devices();
        leftOut = desired.leftOut().stream()
                .map(each -> new Rejected(desired.node(), each.family(), each.reason()))
                .toList();
        tellLeftOut();
        Map<String, String> failing = new HashMap<>();
        for (OverlayPlan.Failure failure : report.failures()) {
            failing.put(String.valueOf(failure.peer()), failure.message());
        }
        failing.forEach((peer, message) -> log.problem("peer " + peer, message));
        for (String peer : peerProblems.keySet()) {
            if (!failing.containsKey(peer)) {
                log.problem("peer " + peer, null);
            }
        }
        peerProblems = failing;
        int changes = report.changed();
        if (changes > 0) {
            int peers =
                    devices.stream().mapToInt(device -> device.peers().size()).sum();
            log.info("overlay changed", "changes", changes, "peers", peers);
            forgetLeft();
        }
        repaired(report.repairs());
    }

    /** Takes what of others keeps packets from the overlay. */
    void obstacles(List<String> now) {
        obstacles = now;
        log.problem("routing", now.isEmpty() ? null : String.join("; ", now));
    }

    /** Takes which pods are outside this node's slices, and what there is to say of it; null for none. */
    void outside(List<String> pods, @Nullable String message) {
        outside = pods;
        log.problem("podCIDR", message);
    }

    /** Nodes come and go for as long as an agent runs. */
    private void forgetLeft() {
        Set<String> present = new HashSet<>();
        devices.forEach(device -> device.peers().forEach(peer -> present.add(peer.node())));
        lastRepairs.keySet().retainAll(present);
    }

    private void repaired(List<OverlayPlan.Repair> done) {
        Instant now = clock.instant();
        Map<String, List<OverlayPlan.Repair>> kinds = new LinkedHashMap<>();
        for (OverlayPlan.Repair repair : done) {
            String peer = repair.peer();
            repairs.merge(repair.what(), 1L, Long::sum);
            kinds.computeIfAbsent(repair.device() + " " + repair.what(), _ -> new ArrayList<>())
                    .add(repair);
            if (peer != null) {
                lastRepairs.put(peer, new AgentStatus.Repair(repair.what(), now));
            }
        }
        kinds.values()
                .forEach(all -> log.info(
                        "overlay repaired",
                        "device",
                        all.getFirst().device(),
                        "what",
                        all.getFirst().what(),
                        "count",
                        all.size(),
                        "peers",
                        peers(all)));
    }

    private static @Nullable String peers(List<OverlayPlan.Repair> repairs) {
        List<String> names = repairs.stream()
                .map(OverlayPlan.Repair::peer)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
        if (names.isEmpty()) {
            return null;
        }
        String first = String.join(",", names.subList(0, Math.min(PEERS_IN_A_LINE, names.size())));
        return names.size() <= PEERS_IN_A_LINE ? first : first + ",...";
    }

    /** Hangs it out; with what is known of the source, and how long the round took. */
    AgentStatus roundEnded(AgentStatus.Source source, Duration duration) {
        Map<String, Long> done = repairs;
        repairs = new HashMap<>();
        return board.update(before -> {
            boolean isWell =
                    problem == null && peerProblems.isEmpty() && before.guard().problem() == null;
            return new AgentStatus(
                            node,
                            before.started(),
                            clock.instant(),
                            source,
                            new AgentStatus.Overlay(stands, devices, problem, peerProblems, obstacles, outside),
                            told,
                            readyNodes,
                            before.repairs(),
                            lastRepairs,
                            before.rounds().ended(isWell, duration),
                            before.guard(),
                            before.ipam(),
                            before.attachments(),
                            before.policy())
                    .withRepairs(done);
        });
    }
}
