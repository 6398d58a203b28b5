package io.towpath.lab.kubernetes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Upstream's tests of policies: NetworkPolicy as Kubernetes tests it, ClusterNetworkPolicy as its own project does. */
final class PolicySuites {
    private static final List<String> NETPOL = List.of("\\[sig-network\\] Netpol ");
    private static final int HOURS = 4;

    private PolicySuites() {}

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("policy");
        Installed.with(part, Settings.IPV4, logs, cluster -> {
            part.require("the custom resource as its project gives it", () -> customResource(cluster));
            UpstreamSetting.make(part, cluster, root);
            part.check(
                    "upstream's ClusterNetworkPolicy",
                    () -> PolicyApi.run(cluster, report.part("policy: ClusterNetworkPolicy"), "clusternetworkpolicy"));
            part.check(
                    "upstream's Netpol",
                    () -> EndToEnd.run(cluster, report.part("policy: Netpol"), "netpol", NETPOL, HOURS));
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
