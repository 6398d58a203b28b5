package io.towpath.agent.overlay;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.guard.Guard;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.agent.status.AgentStatus;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That nothing of the overlay is there before its firewall, however that fails. */
@NeedsRoot
class FirewallFirstKernelTest {
    @TempDir
    private Path folder;

    private final TestNamespace node = new TestNamespace();
    private final TestSource source = new TestSource();

    @BeforeEach
    void connect() {
        node.ip("link", "set", "lo", "up");
        node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "switch");
        node.ip("link", "set", "switch", "up");
        node.ip("link", "set", "eth0", "up");
        node.ip("address", "add", "192.168.0.1/24", "dev", "eth0");
        node.ip("route", "add", "default", "via", "192.168.0.254");
        source.tell(
                List.of(),
                TestSource.self(null, "10.64.1.0/24"),
                TestSource.peer("good", "192.168.0.2", "10.64.2.0/24"));
    }

    @AfterEach
    void remove() {
        node.close();
    }

    /** Several rounds of the overlay have ended by now, of which none has touched it. */
    private void assertWaits(RunningNode agent) throws Exception {
        AgentStatus status = agent.awaitStatus(
                each -> each.rounds().failed() >= 3 && each.guard().problem() != null);
        String problem = Objects.requireNonNull(status.overlay().problem());
        assertTrue(problem.startsWith("it waits for its firewall: "), problem);
        assertFalse(node.execute("ip", "link").contains("flannel"), agent::log);
        assertFalse(Files.exists(folder.resolve("flannel/subnet.env")), "which lets pods begin");
    }

    /** Which is one in the rules: here, of a choice that nobody can make. */
    @Test
    void mistakeInTheFirewallKeepsTheOverlayAway() throws Exception {
        GuardPolicy[] none = new GuardPolicy[1];
        try (RunningNode agent = new RunningNode(node, folder, OwnChoices.NONE, source, null, none[0])) {
            assertWaits(agent);
            assertTrue(agent.log().contains("NullPointerException"), agent::log);
        }
    }

    /** A table that another program owns, which goes with it. */
    @Test
    void refusalKeepsTheOverlayAwayUntilItIsOver() throws Exception {
        Process owner = ownTheTable();
        try (RunningNode agent = new RunningNode(node, folder, OwnChoices.NONE, source)) {
            assertWaits(agent);
            end(owner);
            agent.awaitStatus(status -> status.notReady() == null);
            assertTrue(node.execute("ip", "link").contains("flannel.1"));
            assertTrue(node.execute("nft", "list", "tables").contains(Guard.TABLE_NAME));
        } finally {
            end(owner);
        }
    }

    private Process ownTheTable() throws Exception {
        String netNs = node.path().substring("/run/netns/".length());
        Process owner = new ProcessBuilder("ip", "netns", "exec", netNs, "nft", "-i")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Writer commands = owner.outputWriter();
        commands.write("add table inet " + Guard.TABLE_NAME + " { flags owner; }\n");
        commands.flush();
        while (!node.execute("nft", "list", "ruleset").contains("flags owner")) {
            assertTrue(owner.isAlive());
        }
        return owner;
    }

    private static void end(Process owner) throws Exception {
        owner.outputWriter().close();
        owner.waitFor();
    }
}
