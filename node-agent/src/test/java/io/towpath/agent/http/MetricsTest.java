package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
    private final Metrics metrics = new Metrics(
            board,
            () -> List.of(new SourceDrops.Dropped("cali1", "lab/forger", 17)),
            "1.2.3",
            Clock.fixed(Statuses.START.plusSeconds(3600), ZoneOffset.UTC));

    private List<String> lines() throws IOException {
        return metrics.scrape().lines().toList();
    }

    private void assertLine(String line) throws IOException {
        assertTrue(lines().contains(line), () -> line + " is not in\n" + String.join("\n", text()));
    }

    private List<String> text() {
        try {
            return lines();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theStatusInNumbers() throws IOException {
        board.publish(Statuses.ready());
        assertLine("towpath_ready 1.0");
        assertLine("towpath_overlay_up 1.0");
        assertLine("towpath_overlay_peers{device=\"flannel.1\"} 2.0");
        assertLine("towpath_overlay_peers_failing 1.0");
        assertLine("towpath_overlay_obstacles 1.0");
        assertLine("towpath_overlay_repairs_total{kind=\"route\"} 3.0");
        assertLine("towpath_overlay_repairs_total{kind=\"link\"} 1.0");
        assertLine("towpath_syncs_total 7.0");
        assertLine("towpath_sync_failures_total 1.0");
        assertLine("towpath_source_up 1.0");
        assertLine("towpath_source_synced 1.0");
        assertLine("towpath_cache_up 0.0");
        assertLine("towpath_source_last_event_age_seconds 9.0");
        assertLine("towpath_source_dropped_packets_total{link=\"cali1\",pod=\"lab/forger\"} 17.0");
        assertLine("towpath_rejected_nodes 1.0");
        assertLine("towpath_left_out{family=\"all\"} 2.0");
        assertLine("towpath_left_out{family=\"IPv6\"} 0.0");
        assertLine("towpath_guard_in_force 1.0");
        assertLine("towpath_guard_repairs_total 2.0");
        assertLine("towpath_guard_dropped_packets_total 17.0");
        assertLine("towpath_ipam_addresses{network=\"k8s-pod-network\",range=\"10.244.1.1-10.244.1.254\"} 253.0");
        assertLine("towpath_ipam_leases{network=\"k8s-pod-network\",range=\"10.244.1.1-10.244.1.254\"} 7.0");
        assertLine("towpath_attachments_reconciled_total{kind=\"lease\"} 1.0");
        assertLine("towpath_attachments_last_reconcile_age_seconds 1800.0");
        assertLine("towpath_build_info{version=\"1.2.3\"} 1.0");
    }

    @Test
    void thePoliciesInNumbers() throws IOException {
        board.publish(Statuses.ready());
        assertTrue(
                lines().stream().noneMatch(line -> line.startsWith("towpath_policy")), "of an agent without policies");
        publishPolicies();
        assertLine("towpath_policy_in_force 1.0");
        assertLine("towpath_policy_source_up 0.0");
        assertLine("towpath_policy_facts_age_seconds 90.0");
        assertLine("towpath_policy_policies{kind=\"NetworkPolicy\"} 12.0");
        assertLine("towpath_policy_policies{kind=\"ClusterNetworkPolicy\"} 3.0");
        assertLine("towpath_policy_endpoints 40.0");
        assertLine("towpath_policy_endpoints_waiting 1.0");
        assertLine("towpath_policy_problems 1.0");
        assertLine("towpath_policy_unenforced 2.0");
        assertLine("towpath_policy_repairs_total 1.0");
        assertLine("towpath_policy_syncs_total 5.0");
        assertLine("towpath_policy_sync_failures_total 1.0");
        assertLine("towpath_policy_dropped_packets_total{reason=\"ingress\"} 21.0");
        assertLine("towpath_policy_dropped_packets_total{reason=\"egress\"} 22.0");
        assertLine("towpath_policy_dropped_packets_total{reason=\"stranger\"} 23.0");
        assertLine("towpath_policy_dropped_packets_total{reason=\"invalid\"} 24.0");
        assertLine("towpath_policy_dry_run_denied_packets_total{direction=\"ingress\"} 31.0");
        assertLine("towpath_policy_dry_run_denied_packets_total{direction=\"egress\"} 32.0");
        assertLine(
                "towpath_policy_pod_denied_packets_total{direction=\"ingress\",dry_run=\"false\",pod=\"default/web\"} 20.0");
        assertLine(
                "towpath_policy_pod_denied_packets_total{direction=\"ingress\",dry_run=\"true\",pod=\"default/db\"} 31.0");
        assertLine("towpath_policy_denied_packets_total{dry_run=\"true\",policy=\"ClusterNetworkPolicy lock\"} 31.0");
        assertLine("towpath_policy_log_lost_total 2.0");
        // The next round of the overlay knows nothing of them, and takes nothing away.
        board.publish(Statuses.ready());
        assertLine("towpath_policy_in_force 1.0");
    }

    private void publishPolicies() {
        board.publish(Objects.requireNonNull(Statuses.ready().policy()));
    }

    @Test
    void nothingIsKnownAtTheStart() throws IOException {
        assertLine("towpath_ready 0.0");
        assertLine("towpath_source_synced 0.0");
        assertLine("towpath_cache_up 1.0");
        board.publish(AgentStatus.Policy.UNKNOWN);
        assertLine("towpath_policy_facts_age_seconds NaN");
        assertLine("towpath_source_last_event_age_seconds NaN");
    }

    @Test
    void theHistogramHearsOfEveryRoundOnce() throws IOException {
        AgentStatus first = Statuses.ready();
        board.publish(first);
        board.publish(first);
        board.publish(Statuses.afterOneMoreRound(first, false));
        assertLine("towpath_sync_duration_seconds_count 2");
        assertLine("towpath_sync_duration_seconds_bucket{le=\"0.025\"} 1");
        assertLine("towpath_sync_duration_seconds_bucket{le=\"0.05\"} 2");
        assertLine("towpath_sync_failures_total 2.0");
    }

    @Test
    void theProcessHasMemoryTimeAndDescriptors() throws IOException {
        for (String name : List.of("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds")) {
            String line = lines().stream()
                    .filter(each -> each.startsWith(name + " "))
                    .findFirst()
                    .orElseThrow();
            assertTrue(Double.parseDouble(line.substring(name.length())) > 0, line);
        }
    }

    @Test
    void theReadmeDocumentsEachOfThem() throws IOException {
        board.publish(Statuses.ready());
        publishPolicies();
        Set<String> given = new TreeSet<>();
        for (String line : lines()) {
            if (line.startsWith("# TYPE ")) {
                given.add(line.split(" ", -1)[2]);
            }
        }
        Set<String> documented = new TreeSet<>();
        Matcher names = Pattern.compile("`((?:towpath|process)_[a-z_]+)(?:\\{[a-z_, ]+})?` \\|")
                .matcher(Files.readString(Path.of("README.md")));
        while (names.find()) {
            documented.add(names.group(1));
        }
        assertEquals(given, documented);
    }
}
