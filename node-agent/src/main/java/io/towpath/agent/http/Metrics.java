package io.towpath.agent.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.LeftOut;
import io.towpath.agent.status.StatusBoard;
import io.towpath.overlay.Family;
import io.towpath.overlay.ServableNodes.Rejected;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The status as metrics. They are computed when asked for, but for the histogram, which hears of every round. */
final class Metrics {
    /** Of the text format that Prometheus reads, version 0.0.4. */
    static final String TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private static final double NANOS = 1e9;
    private static final double[] DURATIONS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    private final StatusBoard board;
    private final Clock clock;
    private long rounds;

    /** @param drops what is dropped of pods by the check of their sources */
    Metrics(StatusBoard board, Supplier<List<SourceDrops.Dropped>> drops, String version, Clock clock) {
        this.board = board;
        this.clock = clock;
        overlay();
        source();
        guard();
        pods();
        sources(drops);
        new PolicyMetrics(registry, board, clock);
        process(version);
        Histogram durations = Histogram.builder()
                .name("towpath_sync_duration_seconds")
                .help("How long the rounds took that compare what is with what must be and mend it.")
                .classicOnly()
                .classicUpperBounds(DURATIONS)
                .register(registry);
        rounds = board.current().rounds().total();
        board.listen(status -> {
            if (status.rounds().total() != rounds) {
                rounds = status.rounds().total();
                durations.observe(status.rounds().lastDuration().toNanos() / NANOS);
            }
        });
    }

    /** All of them as text. */
    String scrape() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.write(out, registry.scrape());
        return out.toString(StandardCharsets.UTF_8);
    }

    private void overlay() {
        gauge("towpath_ready", "Whether the node is ready for pods.", status -> flag(status.notReady() == null));
        gauge(
                "towpath_overlay_up",
                "Whether the overlay stands, but for single peers.",
                status -> flag(status.overlay().stands()));
        gauge(
                "towpath_overlay_peers",
                "Other nodes that the overlay reaches, by device.",
                "device",
                (status, call) -> status.overlay()
                        .devices()
                        .forEach(device -> call.call(device.peers().size(), device.name())));
        gauge(
                "towpath_overlay_peers_failing",
                "Other nodes for which something could not be done.",
                status -> status.overlay().peerProblems().size());
        gauge(
                "towpath_overlay_obstacles",
                "What of others keeps packets from the overlay: routes, rules of policy routing, settings.",
                status -> status.overlay().obstacles().size());
        CounterWithCallback.builder()
                .name("towpath_overlay_repairs_total")
                .help("What others had changed in the overlay and was put right, by kind of thing.")
                .labelNames("kind")
                .callback(call -> board.current().repairs().forEach((kind, count) -> call.call(count, kind)))
                .register(registry);
        counter("towpath_syncs_total", "Rounds.", status -> status.rounds().total());
        counter(
                "towpath_sync_failures_total",
                "Rounds that failed, as a whole or for a peer.",
                status -> status.rounds().failed());
    }

    private void source() {
        gauge(
                "towpath_source_up",
                "Whether nothing is wrong with the source of cluster facts.",
                status -> flag(status.source().trouble() == null));
        gauge(
                "towpath_source_synced",
                "Whether the source has told of the whole cluster since the agent started.",
                status -> flag(status.source().inSync()));
        gauge(
                "towpath_source_last_event_age_seconds",
                "Time since the source last told something new; NaN if it never did.",
                status -> age(status.source().lastChange()));
        gauge(
                "towpath_cache_up",
                "Whether nothing keeps what the source tells from being kept on disk.",
                status -> flag(status.source().cacheProblem() == null));
        gauge(
                "towpath_rejected_nodes",
                "Nodes that cannot be served, as a whole or in a family, as what is known of them is wrong.",
                status -> status.rejected().stream()
                        .map(Rejected::node)
                        .distinct()
                        .count());
        gauge(
                "towpath_left_out",
                "What is left out of the overlay though the cluster says it is there and Ready: nodes (all), families.",
                "family",
                (status, call) -> {
                    LeftOut left = status.leftOut();
                    call.call(left.count(null), "all");
                    call.call(left.count(Family.IPV4), Family.IPV4.toString());
                    call.call(left.count(Family.IPV6), Family.IPV6.toString());
                });
    }

    private void guard() {
        gauge(
                "towpath_guard_in_force",
                "Whether the nftables table of the overlay is as it must be.",
                status -> flag(status.guard().inForce()));
        counter(
                "towpath_guard_repairs_total",
                "How often that table was put right after others had changed it.",
                status -> status.guard().repairs());
        counter(
                "towpath_guard_dropped_packets_total",
                "Packets that it has dropped: to the overlay's port, or with a source of this node's slice from elsewhere.",
                status -> status.guard().dropped());
    }

    private void pods() {
        ofRanges("towpath_ipam_addresses", "Addresses that can be leased.", fill -> fill.capacity());
        ofRanges("towpath_ipam_leases", "Addresses that are leased.", fill -> fill.taken());
        CounterWithCallback.builder()
                .name("towpath_attachments_reconciled_total")
                .help("What was cleared away of pods that are gone: leases, links, routes.")
                .labelNames("kind")
                .callback(call -> {
                    AgentStatus.Attachments cleared = board.current().attachments();
                    call.call((double) cleared.leases(), "lease");
                    call.call((double) cleared.links(), "link");
                    call.call((double) cleared.routes(), "route");
                })
                .register(registry);
        gauge(
                "towpath_attachments_last_reconcile_age_seconds",
                "Time since leases, links and routes were last compared with the pods that exist; NaN if never.",
                status -> age(status.attachments().last()));
    }

    private void sources(Supplier<List<SourceDrops.Dropped>> drops) {
        CounterWithCallback.builder()
                .name("towpath_source_dropped_packets_total")
                .help(
                        "Packets of pods that were dropped as they came with another source than the pod's; of pods that sent any.")
                .labelNames("link", "pod")
                .callback(call ->
                        drops.get().forEach(each -> call.call((double) each.packets(), each.link(), each.pod())))
                .register(registry);
    }

    private void process(String version) {
        gauge("towpath_build_info", "1, with the agent's version.", "version", (status, call) -> call.call(1, version));
        gauge(
                "process_start_time_seconds",
                "When the agent was started, since the epoch.",
                status -> status.started().getEpochSecond());
        gauge("process_resident_memory_bytes", "Resident memory.", _ -> ProcessFigures.residentBytes());
        gauge("process_open_fds", "Open file descriptors.", _ -> ProcessFigures.openDescriptors());
        counter("process_cpu_seconds_total", "User and system time.", _ -> ProcessFigures.cpuSeconds());
    }

    private double age(@Nullable Instant time) {
        return time == null
                ? Double.NaN
                : Duration.between(time, clock.instant()).toMillis() / 1e3;
    }

    private static double flag(boolean set) {
        return set ? 1 : 0;
    }

    private void gauge(String name, String help, ToDoubleFunction<AgentStatus> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(call -> call.call(value.applyAsDouble(board.current())))
                .register(registry);
    }

    private interface Values {
        void of(AgentStatus status, GaugeWithCallback.Callback call);
    }

    private void gauge(String name, String help, String label, Values values) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(label)
                .callback(call -> values.of(board.current(), call))
                .register(registry);
    }

    private void ofRanges(String name, String help, ToDoubleFunction<AgentStatus.Fill> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("network", "range")
                .callback(call -> board.current()
                        .ipam()
                        .forEach(fill -> call.call(value.applyAsDouble(fill), fill.network(), fill.range())))
                .register(registry);
    }

    private void counter(String name, String help, ToDoubleFunction<AgentStatus> value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(call -> call.call(value.applyAsDouble(board.current())))
                .register(registry);
    }
}
