package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

@NeedsRoot
class OverlayShowKernelTest extends CliScene {
    @Test
    void whatIsMissingIsAFailure() throws Exception {
        Path cluster = Files.writeString(disk.resolve("cluster.json"), """
                {"network": ["10.244.0.0/16"], "node": "a", "nodes": [
                  {"name": "a", "slices": ["10.244.1.0/24"], "addresses": ["192.168.0.1"]},
                  {"name": "b", "slices": ["10.244.2.0/24"], "addresses": ["192.168.0.2"]}]}
                """);
        try (TestNamespace node = new TestNamespace()) {
            node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "wire");
            node.ip("link", "set", "wire", "up");
            node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
            node.ip("link", "set", "eth0", "up");
            node.inside(() -> {
                Ran missing = run("overlay show", "--cluster-file", cluster.toString());
                assertEquals(Cli.FAILED, missing.code(), missing::toString);
                assertTrue(missing.out().contains("missing"), missing::out);
                Ran made = run(
                        "overlay sync", "--cluster-file", cluster.toString(), "--subnet-file", disk + "/subnet.env");
                assertEquals(Cli.OK, made.code(), made::toString);
                Ran whole = run("overlay show", "--cluster-file", cluster.toString());
                assertEquals(Cli.OK, whole.code(), whole::toString);
            });
        }
    }
}
