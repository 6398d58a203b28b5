package io.towpath.lab.kubernetes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of upstream's lists that cannot run here, whoever made the network. Those that find this out themselves are not named.
 *
 * @param name a part of the case's name, as a regular expression that Go and Java understand alike
 * @param why what is missing
 */
record Inapplicable(String name, String why) {
    /** All of them. */
    static final List<Inapplicable> CASES = cases();

    private static List<Inapplicable> cases() {
        List<Inapplicable> cases = new ArrayList<>(List.of(
                new Inapplicable("should provider? Internet connection for containers", "there is no internet"),
                new Inapplicable("should forward PTR records lookup to upstream nameserver", "there is no internet"),
                new Inapplicable("should forward externalname lookup to upstream nameserver", "there is no internet"),
                new Inapplicable("should recreate its iptables rules if they are deleted", "nodes have no SSH"),
                new Inapplicable("should run iperf2", "it reads what iperf 2.2 prints, and Debian 12 has 2.1"),
                new Inapplicable(
                        "should implement NodePort and HealthCheckNodePort correctly",
                        "it wants a node's own requests to keep their source, which kube-proxy masquerades by the overlay's"
                                + " address"),
                new Inapplicable("should provide DNS for the cluster \\[Provider:gce\\]", "there is no cloud")));
        if (!Files.exists(Path.of("/proc/net/sctp"))) {
            cases.add(new Inapplicable("Granular Checks: .*: sctp \\[", "this kernel has no SCTP sockets"));
        }
        return List.copyOf(cases);
    }
}
