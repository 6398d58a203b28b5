package io.towpath.agent.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.linux.Errno;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.overlay.DesiredOverlay;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** When the overlay may be touched. */
class TunnelFirewallTest {
    private static final DesiredOverlay OVERLAY = Overlays.of(3);

    private static final Controller.Round ROUND = new Controller.Round() {
        @Override
        public boolean isFull() {
            return true;
        }

        @Override
        public boolean first(Controller other) {
            throw new AssertionError(other);
        }
    };

    private final FakeKernel kernel = new FakeKernel();
    private final Log log = new Log(
            new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
            Log.Form.TEXT,
            Log.Level.INFO,
            Clock.systemUTC());
    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "test", Instant.EPOCH));
    private final TunnelFirewall firewall =
            new TunnelFirewall(new GuardPolicy(true, true), log, Clock.systemUTC(), board);

    TunnelFirewallTest() {
        firewall.open(manager());
    }

    /** One that knows nothing yet. */
    private TableManager manager() {
        return new TableManager(
                kernel.namespace("node").openNft(), kernel.namespace("node").nftEvents(), _ -> {});
    }

    private boolean reconcile(DesiredOverlay overlay) {
        firewall.overlay(overlay);
        return reconcile();
    }

    private boolean reconcile() {
        Controller.Outcome outcome = firewall.reconcile(ROUND);
        firewall.ended(outcome.problem(), Duration.ZERO);
        return outcome.isDone();
    }

    @Test
    void theOverlayWaitsUntilTheTableIsMade() {
        kernel.failRequests("rule append", Errno.ENOMEM);
        assertEquals(false, reconcile(OVERLAY));
        assertNotNull(firewall.whyOpen());
        kernel.heal();
        assertEquals(true, reconcile(OVERLAY));
        assertNull(firewall.whyOpen());
        kernel.failRequests("element add", Errno.ENOMEM);
        assertEquals(false, reconcile(Overlays.of(4)));
        assertNotNull(firewall.whyOpen(), "the table may not be what it must be");
    }

    @Test
    void aKernelWithoutNftablesIsNotWaitedFor() {
        kernel.failRequests("", Errno.EINVAL);
        assertEquals(false, reconcile(OVERLAY));
        assertNull(firewall.whyOpen());
        kernel.heal();
        assertEquals(true, reconcile(OVERLAY));
        kernel.failRequests("element add", Errno.EINVAL);
        assertEquals(false, reconcile(Overlays.of(4)));
        assertNotNull(firewall.whyOpen(), "it has nftables");
    }

    /** Those for the overlay are a part of its rounds. */
    @Test
    void roundsOfItsOwnAreCounted() {
        assertEquals(true, reconcile(OVERLAY));
        assertEquals(
                new AgentStatus.Rounds(0, 0, Duration.ZERO), board.current().rounds());
        assertEquals(true, reconcile());
        assertEquals(
                new AgentStatus.Rounds(1, 0, Duration.ZERO), board.current().rounds());
        kernel.failRequests("", Errno.EPERM);
        firewall.open(manager());
        assertEquals(false, reconcile());
        assertEquals(
                new AgentStatus.Rounds(2, 1, Duration.ZERO), board.current().rounds());
    }
}
