package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.NetConf;
import io.towpath.cni.protocol.Protocol;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The plugin on a node whose kernel is a fake and whose disk is real, called as a runtime calls it. */
final class TestNode {
    static final String POD = "/run/netns/pod";
    static final String DUAL = "\"ranges\": [[{\"subnet\": \"10.1.2.0/24\"}], [{\"subnet\": \"fd00:1:2::/64\"}]]";
    static final ObjectMapper JSON = new ObjectMapper();

    final FakeNamespaces namespaces = new FakeNamespaces();
    final Path disk;

    /** What the overlay fails with, null if it stands. */
    @Nullable
    CniException overlayFailure;

    /** What operators are told beside the answer. */
    final ByteArrayOutputStream warnings = new ByteArrayOutputStream();

    /** Where the answer goes; null for a buffer. */
    @Nullable
    OutputStream stdout;

    TestNode(Path disk) {
        this.disk = disk;
        namespaces.at(POD);
    }

    /** What a runtime sees. */
    record Answer(int exitCode, JsonNode json) {
        Answer good() {
            assertEquals(0, exitCode, json::toString);
            return this;
        }

        String error() {
            assertEquals(1, exitCode, json::toString);
            String details = json.path("details").asText();
            return json.path("code").asInt() + " " + json.path("msg").asText()
                    + (details.isEmpty() ? "" : ": " + details);
        }
    }

    /** One call to be made. */
    final class Call {
        final Map<String, String> environment = new HashMap<>();
        final ObjectNode conf;

        private Call(String verb, String ipam) {
            environment.put("CNI_COMMAND", verb);
            environment.put("CNI_CONTAINERID", "c1");
            environment.put("CNI_NETNS", POD);
            environment.put("CNI_IFNAME", "eth0");
            environment.put("CNI_PATH", "/opt/cni/bin");
            environment.put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0");
            try {
                conf = (ObjectNode) JSON.readTree("{\"ipam\": {\"type\": \"host-local\", " + ipam + "}}");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            conf.put("cniVersion", "1.1.0").put("name", "net").put("type", "towpath");
            conf.put("clusterFile", disk + "/cluster.json");
            conf.put("stateDir", disk + "/run");
            conf.put("subnetEnv", disk + "/subnet.env");
            conf.withObject("/ipam").put("dataDir", disk + "/leases");
        }

        Call with(String variable, String value) {
            environment.put(variable, value);
            return this;
        }

        Call container(String id, String podName, String netns) {
            return with("CNI_CONTAINERID", id)
                    .with("CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + podName)
                    .with("CNI_NETNS", netns);
        }

        Call conf(String key, Object value) {
            conf.set(key, JSON.valueToTree(value));
            return this;
        }

        /** As a JSON text. */
        Call json(String key, String value) throws IOException {
            conf.set(key, JSON.readTree(value));
            return this;
        }

        Answer run() throws IOException {
            ByteArrayOutputStream buffer = new ByteArrayOutputStream();
            int exitCode = Protocol.serve(
                    environment,
                    new ByteArrayInputStream(JSON.writeValueAsBytes(conf)),
                    stdout == null ? buffer : stdout,
                    new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                    "about",
                    new NodeVerbs(
                            () -> namespaces,
                            new Overlay(),
                            new HostLocalLeases(),
                            new AgentPolicies(new PrintStream(warnings, true, StandardCharsets.UTF_8))));
            return new Answer(exitCode, JSON.readTree(buffer.toByteArray()));
        }
    }

    Call call(String verb) {
        return call(verb, "\"subnet\": \"10.1.2.0/24\"");
    }

    /** A call with IPAM keys of its own. */
    Call call(String verb, String ipam) {
        return new Call(verb, ipam);
    }

    private final class Overlay implements OverlayGate {
        @Override
        public boolean ensure(NetConf conf, Rtnl host) throws CniException {
            return requireReady(conf, host);
        }

        @Override
        public boolean requireReady(NetConf conf, Rtnl host) throws CniException {
            if (overlayFailure != null) {
                throw overlayFailure;
            }
            return false;
        }
    }

    /** All that the kernel has, and all leases. */
    List<String> everything() throws IOException {
        List<String> all = new ArrayList<>(leases());
        for (String path : namespaces.namespaces.stream().sorted().toList()) {
            try (Rtnl rtnl = namespaces.at(path).open()) {
                for (Link link : rtnl.links()) {
                    all.add(path + ": " + link);
                    for (Qdisc qdisc : rtnl.qdiscs(link.index())) {
                        all.add(path + ": " + qdisc);
                    }
                    for (Filter filter : rtnl.ingressFilters(link.index())) {
                        all.add(path + ": " + filter);
                    }
                    for (Neighbour neighbour : rtnl.neighbours(link.index())) {
                        all.add(path + ": " + neighbour);
                    }
                }
                for (Address address : rtnl.addresses()) {
                    all.add(path + ": " + address);
                }
                for (Route route : rtnl.routes()) {
                    all.add(path + ": " + route);
                }
            }
            try (Nft nft = namespaces.at(path).openNft()) {
                Table sources = Table.of(Family.NETDEV, "towpath-sources");
                nft.chains(sources).forEach(chain -> all.add(path + ": " + chain));
                nft.rules(sources).forEach(rule -> all.add(path + ": " + rule));
            }
        }
        return all;
    }

    /** The leases, each as its file's name and content. */
    List<String> leases() throws IOException {
        List<String> leases = new ArrayList<>();
        Path folder = disk.resolve("leases/net");
        if (!Files.exists(folder)) {
            return leases;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("lock") && !name.startsWith("last_reserved_ip")) {
                    leases.add(name + " " + Files.readString(file).replace("\r\n", "/"));
                }
            }
        }
        return leases;
    }

    /** The names of the node's links but its loopback device. */
    List<String> hostLinks() throws IOException {
        List<String> names = new ArrayList<>();
        try (Rtnl rtnl = namespaces.host()) {
            for (Link link : rtnl.links()) {
                if (!link.name().equals("lo")) {
                    names.add(link.name());
                }
            }
        }
        return names;
    }
}
