package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Upstream's lists about Services and what they need of a network, beside kube-proxy in either mode. */
final class ServiceSuites {
    private static final List<String> LISTS = List.of(
            "\\[sig-network\\] Services ",
            "\\[sig-network\\] Networking ",
            "\\[sig-network\\] Conntrack ",
            "\\[sig-network\\] HostPort ",
            "\\[sig-network\\] DNS ",
            "\\[sig-network\\] EndpointSlice ",
            "\\[sig-network\\] NoSNAT ",
            "\\[sig-network\\] KubeProxy ",
            "\\[sig-network\\] Connectivity Pod Lifecycle ",
            "\\[sig-network\\] Service CIDRs ",
            "\\[sig-network\\] Traffic Distribution ",
            "\\[sig-network\\] .*\\[Conformance\\]");
    private static final String BOTH_FAMILIES = "\\[sig-network\\] \\[Feature:IPv6DualStack\\] ";
    private static final int HOURS = 6;

    private ServiceSuites() {}

    /** The part beside kube-proxy in a mode, on a cluster with these settings. */
    static Conformance.Suite beside(String mode, Settings settings) {
        List<String> lists = new ArrayList<>(LISTS);
        if (settings.equals(Settings.DUAL)) {
            lists.add(BOTH_FAMILIES);
        }
        return (report, root, logs) -> run(mode, settings, lists, report, root, logs);
    }

    private static void run(String mode, Settings settings, List<String> lists, Report report, Path root, Path logs)
            throws IOException {
        String name = "services beside " + mode + ", " + settings.name();
        Report.Part part = report.part(name);
        // some cases want three nodes, and in three zones
        Installed.with(part, settings, List.of(mode, mode, mode), logs, cluster -> {
            UpstreamSetting.make(part, cluster, root);
            part.require("each node is in a zone of its own", () -> zones(cluster));
            part.check(
                    "upstream's lists", () -> EndToEnd.run(cluster, report.part(name + ": e2e"), "e2e", lists, HOURS));
        });
    }

    private static String zones(KubeCluster cluster) {
        for (KubeNode node : cluster.nodes()) {
            cluster.kubectl("label", "node", node.name(), "topology.kubernetes.io/zone=zone-of-" + node.name());
        }
        return "";
    }
}
