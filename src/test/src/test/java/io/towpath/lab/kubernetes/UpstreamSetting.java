package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What upstream's tests take for granted beside a network: a DNS, and an API server and clients that reach pods. */
final class UpstreamSetting {
    private UpstreamSetting() {}

    /** Installs Towpath and makes the cluster fit for them. */
    static void make(Report.Part part, KubeCluster cluster, Path root) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("the cluster's DNS", () -> Installed.dns(cluster));
        part.require("images of upstream's tests", () -> {
            cluster.load(List.of(
                    Images.ofUpstreamsTests(cluster.peers(), cluster.folder().resolve("images"))));
            return "";
        });
        part.require("the control plane has routes to the pods", () -> routes(cluster));
    }

    /** Elsewhere a cloud's router has them; the tests have the API server ask pods by its proxy. */
    private static String routes(KubeCluster cluster) {
        List<String> routes = new ArrayList<>();
        for (JsonNode node : cluster.get("nodes").path("items")) {
            for (JsonNode slice : node.at("/spec/podCIDRs")) {
                routes.add("route add " + slice.asText() + " via "
                        + address(node, slice.asText().contains(":")));
            }
        }
        cluster.controlPlane().namespace().ip(routes.toArray(String[]::new));
        return routes.size() + " routes";
    }

    private static String address(JsonNode node, boolean isIpv6) {
        for (JsonNode address : node.at("/status/addresses")) {
            String text = address.path("address").asText();
            if (address.path("type").asText().equals("InternalIP") && text.contains(":") == isIpv6) {
                return text;
            }
        }
        throw new AssertionError("a node has a slice and no address of its family: " + node.at("/status/addresses"));
    }
}
