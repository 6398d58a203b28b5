package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.FlannelConf;
import io.towpath.lab.Json;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.Pod;
import io.towpath.lab.api.ApiServer;
import io.towpath.lab.kubernetes.Peers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** The real flanneld on a node, where scripts/conformance has built it, and pods as flannel's CNI plugin has them. It ends with the node. */
final class Flanneld {
    static final String MISSING = "there is no flanneld: sudo ./scripts/conformance flannel builds it";

    private final Node node;
    private final ApiServer api;
    private final List<String> options = new ArrayList<>();
    private String backend = "{}";
    private @Nullable Process process;
    private int runs;

    /** Not started yet. */
    Flanneld(Node node, ApiServer api) {
        this.node = node;
        this.api = api;
    }

    /** Whether it is built, and the plugins that its pods need. */
    static boolean isThere() {
        Peers peers = Peers.kept();
        return peers.has("flanneld") && peers.has("bridge") && peers.has("host-local");
    }

    /** Further options. */
    Flanneld with(String... more) {
        options.addAll(List.of(more));
        return this;
    }

    /** With more in the backend of its net-conf.json than the type. */
    Flanneld backend(String more) {
        backend = more;
        return this;
    }

    /** Starts it; returns when it follows the nodes. */
    Flanneld start() {
        runs++;
        Path log = node.folder().resolve("flanneld-" + runs + ".log");
        List<String> words = new ArrayList<>(List.of(
                Peers.kept().file("flanneld").toString(),
                "--kube-subnet-mgr",
                "--ip-masq",
                "--kube-api-url=" + api.url(),
                "--net-config-path=" + FlannelConf.write(node, backend),
                "--subnet-file=" + node.subnetEnv()));
        words.addAll(options);
        Process started = node.namespace()
                .background(Command.of(words.toArray(String[]::new)).with("NODE_NAME", node.name()), log);
        process = started;
        Await.until(
                "flanneld on " + node + " follows the nodes",
                () -> {
                    if (!started.isAlive()) {
                        throw new AssertionError(
                                "flanneld on " + node + " ended with " + started.exitValue() + "\n" + text(log));
                    }
                    return text(log).contains("watching for new subnet leases");
                },
                () -> text(log));
        return this;
    }

    /** Ends it at once: asked to, it finishes what it tries again and again. */
    void kill() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("flanneld on " + node + " was not started");
        }
        running.destroyForcibly();
        running.onExit().join();
    }

    /** A pod as flannel's CNI plugin has the plugin bridge attach it, by the subnet.env that flanneld has written; it is not added yet. */
    Pod pod(String name) {
        Properties env = new Properties();
        try (var reader = Files.newBufferedReader(node.subnetEnv())) {
            env.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ObjectNode ipam = Json.object("{'type': 'host-local'}")
                .put("dataDir", node.dataDir().toString());
        ArrayNode ranges = ipam.putArray("ranges");
        ArrayNode routes = ipam.putArray("routes");
        for (String family : List.of("", "IPV6_")) {
            String subnet = env.getProperty("FLANNEL_" + family + "SUBNET", "");
            if (!subnet.isEmpty()) {
                // Told by its first address.
                ranges.addArray()
                        .addObject()
                        .put("subnet", subnet.replaceFirst("([.:])1/", "$1" + (family.isEmpty() ? "0/" : "/")));
                routes.addObject().put("dst", env.getProperty("FLANNEL_" + family + "NETWORK"));
            }
        }
        NetConf conf = NetConf.of(
                        "{'cniVersion': '1.0.0', 'name': 'cbr0', 'type': 'bridge', 'isDefaultGateway': true, 'hairpinMode': true}")
                .with("mtu", Integer.valueOf(env.getProperty("FLANNEL_MTU")))
                .with("ipam", ipam);
        return node.pod(name).plugin(Peers.kept().file("bridge")).conf(conf);
    }

    private static String text(Path log) {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
