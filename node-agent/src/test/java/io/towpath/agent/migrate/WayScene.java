package io.towpath.agent.migrate;

import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.net.IpAddress;
import io.towpath.netlink.TestNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A node that has Towpath, with what other networks have there, and ways that it goes. */
abstract class WayScene {
    static final String CANAL = """
            {"name": "k8s-pod-network", "cniVersion": "1.0.0", "plugins": [
              {"type": "calico", "ipam": {"type": "host-local", "subnet": "usePodCidr"}}, {"type": "portmap"}]}
            """;

    static final String FLANNEL = """
            {"name": "cbr0", "cniVersion": "1.0.0", "plugins": [
              {"type": "flannel", "delegate": {"isDefaultGateway": true}}, {"type": "portmap"}]}
            """;

    static final String OWN = """
            {"name": "k8s-pod-network", "cniVersion": "1.0.0", "plugins": [
              {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr"}}]}
            """;

    @TempDir
    Path disk;

    final TestNamespace node = new TestNamespace();

    @BeforeEach
    void make() throws IOException {
        write("net.d/10-towpath.conflist", OWN);
        write("bin/towpath", "executable");
        write("bin/towpath-node", "commands");
        write("bin/loopback", "others");
        write("run/node.json", "{\"slices\":[\"10.244.1.0/24\"],\"mtu\":1450}");
        write("cache/cluster.json", "{}");
        for (String table : List.of(
                "inet towpath-overlay",
                "inet towpath-policy",
                "inet towpath-policy-trial",
                "netdev towpath-sources",
                "inet others")) {
            node.execute("nft", "add table " + table);
        }
    }

    @AfterEach
    void close() {
        node.close();
    }

    void write(String file, String content) throws IOException {
        Path path = disk.resolve(file);
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        Files.writeString(path, content);
    }

    String read(String file) throws IOException {
        return Files.readString(disk.resolve(file));
    }

    List<String> names(String folder) throws IOException {
        if (!Files.isDirectory(disk.resolve(folder))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(disk.resolve(folder))) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    /** Without those of iptables-nft. */
    List<String> tables() {
        return node.execute("nft", "list", "tables")
                .lines()
                .filter(line -> !line.startsWith("table ip filter"))
                .sorted()
                .toList();
    }

    Places places() {
        return new Places(
                disk + "/net.d",
                disk + "/bin",
                disk + "/cni",
                disk + "/run",
                disk + "/cache",
                disk + "/subnet.env",
                disk + "/xtables.lock");
    }

    interface Way {
        Report go(Namespaces node) throws IOException;
    }

    Report go(Way way) throws Exception {
        AtomicReference<Report> report = new AtomicReference<>();
        try {
            node.inside(() -> {
                try (Namespaces own = new LinuxNamespaces()) {
                    report.set(way.go(own));
                }
            });
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : e;
        }
        return Objects.requireNonNull(report.get());
    }

    Report from(OtherNetwork network, boolean handOver) throws Exception {
        return go(own -> new WayHere(own, places(), network, false).go(handOver));
    }

    Report back(boolean handOver) throws Exception {
        return go(own -> new WayOut(own, places(), false).back(handOver));
    }

    /** A pod's link and lease. */
    void pod(int number) throws IOException {
        node.ip("link", "add", "cali0000000000" + number, "type", "veth", "peer", "name", "pod" + number);
        node.ip(
                "link",
                "set",
                "cali0000000000" + number,
                "up",
                "alias",
                "towpath/k8s-pod-network/c" + number + "/eth0");
        lease("k8s-pod-network", number);
    }

    void lease(String network, int number) throws IOException {
        write("cni/networks/" + network + "/10.244.1." + number, "c" + number + "\r\neth0");
    }

    void ports(int number) throws Exception {
        OwnerMark mark = OwnerMark.of("k8s-pod-network", "c" + number, "eth0");
        PortMapping mapping = new PortMapping(PortMapping.Protocol.TCP, 8000 + number, 80, null);
        node.inside(() -> {
            try (Namespaces own = new LinuxNamespaces()) {
                new HostPorts(mark, List.of(mapping), List.of(IpAddress.parse("10.244.1." + number)))
                        .open(own, _ -> true);
            }
        });
    }

    /** As Calico's agent has them, by either variant of iptables, or in tables of its own. */
    void canalsPolicies(String program) {
        if (program.equals("nft")) {
            node.execute("nft", "add table ip calico");
            node.execute("nft", "add chain ip calico filter-cali-FORWARD");
            node.execute("nft", "add chain ip calico filter-FORWARD { type filter hook forward priority 0; }");
            node.execute("nft", "add rule ip calico filter-FORWARD jump filter-cali-FORWARD");
        } else {
            node.execute(program, "-N", "cali-FORWARD");
            node.execute(program, "-A", "FORWARD", "-j", "cali-FORWARD");
        }
    }
}
