package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Upstream's tests of policies: NetworkPolicy as Kubernetes tests it, ClusterNetworkPolicy as its own project does. */
final class PolicySuites {
    private static final List<String> NETPOL = List.of("\\[sig-network\\] Netpol ");
    private static final int HOURS = 4;

    private PolicySuites() {}

    /** The part on a cluster with these settings. */
    static Conformance.Suite on(Settings settings) {
        return (report, root, logs) -> run(settings, report, root, logs);
    }

    private static void run(Settings settings, Report report, Path root, Path logs) throws IOException {
        String name = "policy, " + settings.name();
        Report.Part part = report.part(name);
        Installed.with(part, settings, logs, cluster -> {
            part.require("the custom resource as its project gives it", () -> customResource(cluster));
            UpstreamSetting.make(part, cluster, root);
            part.check(
                    "upstream's ClusterNetworkPolicy",
                    () -> PolicyApi.run(cluster, report.part(name + ": ClusterNetworkPolicy"), "clusternetworkpolicy"));
            part.check(
                    "upstream's Netpol",
                    () -> EndToEnd.run(cluster, report.part(name + ": Netpol"), "netpol", NETPOL, HOURS));
        });
    }

    private static String customResource(KubeCluster cluster) {
        cluster.kubectl("apply", "-f", cluster.peers().of("clusternetworkpolicies.crd.yaml"));
        cluster.kubectl(
                "wait",
                "--for=condition=Established",
                "--timeout=30s",
                "crd/clusternetworkpolicies.policy.networking.k8s.io");
        return "";
    }
}
