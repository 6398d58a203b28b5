package io.towpath.agent.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.towpath.overlay.Family;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When a node is not ready for what it leaves out. */
class LeftOutTest {
    private static AgentStatus status(int left, int ready) {
        List<Rejected> rejected = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < ready; i++) {
            names.add("n" + i);
            if (i < left) {
                rejected.add(new Rejected("n" + i, "wrong"));
            }
        }
        return Statuses.leavingOut(rejected, names);
    }

    @Test
    void oneBrokenNodeMakesNoOtherUnready() {
        assertNull(status(1, 1).notReady());
        assertNull(status(1, 2).notReady());
        assertEquals("left out: n0: wrong", status(1, 1).leftOut().summary());
        assertNull(status(0, 3).leftOut().summary());
    }

    @Test
    void moreThanHalfAreThisNodesFault() {
        assertNull(status(5, 10).notReady());
        assertEquals(
                "6 of 10 other nodes that are Ready are left out, which is hardly their fault: n0: wrong; n1: wrong; n2:"
                        + " wrong; and 3 more",
                status(6, 10).notReady());
        assertEquals(
                "2 of 2 other nodes that are Ready are left out, which is hardly their fault: n0: wrong; n1: wrong",
                status(2, 2).notReady());
        // Pods go on to be served all the same.
        assertNull(status(6, 10).notServing());
    }

    @Test
    void whoIsNotReadyIsLeftOutInSilence() {
        List<Rejected> dead =
                List.of(new Rejected("x", "wrong"), new Rejected("y", "wrong"), new Rejected("z", "wrong"));
        AgentStatus status = Statuses.leavingOut(dead, Set.of("b"));
        assertNull(status.notReady());
        assertNull(status.leftOut().summary());
    }

    @Test
    void familiesOfOthersAreToldAndThisNodesAreAReason() {
        List<Rejected> changing =
                List.of(new Rejected("b", Family.IPV6, "missing"), new Rejected("c", Family.IPV6, "missing"));
        AgentStatus others = Statuses.leavingOut(changing, Set.of("b", "c"));
        assertNull(others.notReady());
        assertEquals(
                "left out: b (IPv6): missing; c (IPv6): missing",
                others.leftOut().summary());
        AgentStatus own = Statuses.leavingOut(List.of(new Rejected("a", Family.IPV6, "gone")), Set.of());
        assertNotNull(own.notReady());
        assertNull(own.notServing());
    }
}
