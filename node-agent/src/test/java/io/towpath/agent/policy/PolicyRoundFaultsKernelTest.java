package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetlinkException;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import java.io.Writer;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Rounds in which something fails. */
@NeedsRoot
class PolicyRoundFaultsKernelTest extends PolicyRoundScene {
    @Test
    void whatIsNewIsCompiledEvenIfTheKernelRefusesWhatWasCompiledLast() throws Exception {
        know(a);
        tell();
        settle();
        owner().close();
        policies = List.of(closed("default", "a"));
        tell();
        assertThrows(NetlinkException.class, () -> round().run(true, true));
        assertEquals(1, compilations.size());
    }

    /** Which is one in the compiler: here, of a policy that no reader makes. */
    @Test
    void mistakeIsToldUntilItIsOverAndNotMadeAgainAtOnce() throws Exception {
        PolicyFact other = closed("default", "b");
        policies = List.of(other);
        know(a);
        know(b);
        tell();
        settle();
        Selector.Operator[] none = new Selector.Operator[1];
        Selector wrong = Selector.of(new Selector.Requirement("app", none[0], List.of()));
        policies = List.of(other, PolicyFact.of("default", "mistake", wrong, List.of("Ingress"), List.of(), List.of()));
        tell();
        run();
        compilations.remove().run();
        assertThrows(CompletionException.class, this::run);
        assertThrows(CompletionException.class, this::run);
        assertEquals(0, compilations.size(), "nothing is new");
        scene.node.execute("nft", "delete", "table", "inet", "towpath-policy");
        assertThrows(CompletionException.class, () -> round().run(true, true));
        assertFalse(a.reaches(b), "what was compiled before is in force");
        assertEquals(1, compilations.size(), "it is tried again now and then");
        policies = List.of();
        tell();
        compilations.remove().run();
        assertThrows(CompletionException.class, this::run);
        assertThrows(CompletionException.class, this::run);
        assertEquals(1, compilations.size());
        compilations.remove().run();
        run();
        assertTrue(a.reaches(b));
    }

    /** A table that another program owns is the only thing that the kernel refuses to change, and it goes with that program. */
    @Test
    void whatTheKernelHasRefusedIsTriedAgainWhateverElseIsUnderWay() throws Exception {
        policies = List.of(closed("default", "b"));
        know(a);
        know(b);
        tell();
        settle();
        Process owner = ownTheTable();
        try {
            assertThrows(NetlinkException.class, () -> round().run(true, true));
        } finally {
            owner.outputWriter().close();
            owner.waitFor();
        }
        assertEquals("", scene.node.execute("nft", "list", "tables"));
        policies = List.of();
        tell();
        while (compiling.restNanos() > 0) {
            Thread.onSpinWait();
        }
        assertTrue(round().run(false, true));
        assertEquals(1, compilations.size(), "what is new is under way");
        assertFalse(a.reaches(b));
    }

    /** Has another program put its own table into the place of ours. */
    private Process ownTheTable() throws Exception {
        String netNs = scene.node.path().substring("/run/netns/".length());
        Process owner = new ProcessBuilder("ip", "netns", "exec", netNs, "nft", "-i")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Writer commands = owner.outputWriter();
        commands.write("delete table inet towpath-policy\nadd table inet towpath-policy { flags owner; }\n");
        commands.flush();
        scene.await("owned", () -> scene.node.execute("nft", "list", "ruleset").contains("flags owner"));
        return owner;
    }
}
