package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.agent.check.Finding.Verdict;
import io.towpath.agent.check.StateChecks.AnsweringAgent;
import io.towpath.agent.status.AgentStatus.Unenforced;
import java.util.List;
import org.junit.jupiter.api.Test;

class CalicoCheckTest {
    private static final AnsweringAgent AGENT = new AnsweringAgent(null, null, true);
    private static final String DENIED = "the agent may not look: its role lacks list of tiers.crd.projectcalico.org";

    private static void assertFound(Verdict verdict, String found, Finding finding) {
        assertEquals(verdict, finding.verdict());
        assertEquals(found, finding.found());
    }

    @Test
    void whatIsNotEnforcedIsAWarningWithNames() {
        assertFound(
                Verdict.WARN,
                "the cluster has 30 objects of Calico's own kinds, which are not enforced: Tier a; Tier b; Tier c; and 27 more",
                CalicoCheck.of(AGENT, new Unenforced(30, List.of("Tier a", "Tier b", "Tier c", "Tier d"), null)));
        assertFound(
                Verdict.WARN,
                "the cluster has 1 objects of Calico's own kinds, which are not enforced: Tier a; there may be more: "
                        + DENIED,
                CalicoCheck.of(AGENT, new Unenforced(1, List.of("Tier a"), DENIED)));
    }

    @Test
    void thatThereIsNothingIsSaidOnlyByWhoLooked() {
        assertFound(
                Verdict.OK,
                "the cluster has no objects of Calico's own kinds",
                CalicoCheck.of(AGENT, new Unenforced(0, List.of(), null)));
        assertFound(Verdict.WARN, "not known: " + DENIED, CalicoCheck.of(AGENT, new Unenforced(0, List.of(), DENIED)));
        assertFound(Verdict.WARN, "not known yet", CalicoCheck.of(AGENT, null));
        assertFound(Verdict.WARN, "not known, as no agent answers", CalicoCheck.of(null, null));
        assertFound(
                Verdict.OK,
                "not looked at, as no policies are enforced",
                CalicoCheck.of(new AnsweringAgent(null, null, false), null));
    }
}
