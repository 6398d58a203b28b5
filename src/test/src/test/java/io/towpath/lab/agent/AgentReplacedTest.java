package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Answer;
import io.towpath.lab.Await;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pods that come and go while one agent takes the place of another: the node stays ready, and no pod fails. */
@OnLab
class AgentReplacedTest {
    private static final int PATIENT_SECONDS = 120;
    private static final int SHORT_SECONDS = 3;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Agent agent = lab.agent;
    private final Pod far = lab.pod(lab.b, "far", "none");

    private void end(String how) {
        if (how.equals("killed")) {
            agent.kill();
        } else {
            agent.terminate();
        }
    }

    /** An ADD under way, whose link is there: so it waits for the policies, or is about to. */
    private FutureTask<Answer> adding(Pod pod) {
        FutureTask<Answer> adding = new FutureTask<>(pod::tryAdd);
        new Thread(adding).start();
        Await.until(
                "the link is made",
                () -> a.namespace().run("ip", "-brief", "link").contains("cali"));
        return adding;
    }

    /** Whether somebody has a connection to the agent's socket, which the kernel knows by the path that it was bound to first. */
    private boolean isWaitedFor() {
        return a.namespace()
                .run("ss", "-Hx", "state", "established")
                .contains(a.folder().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"killed", "ended"})
    void aPodThatComesInBetweenWaitsForTheNext(String how) throws Exception {
        end(how);
        Pod late = lab.scheduled(a, "late", "none").conf(PolicyLab.conf(a, PATIENT_SECONDS));
        FutureTask<Answer> adding = adding(late);
        a.call("STATUS", PolicyLab.conf(a).version("1.1.0")).run().succeededSilently();
        // Nothing is locked while it waits.
        a.pod("other").add().del();
        assertFalse(adding.isDone());
        agent.start();
        adding.get().succeeded();
        late.ping(far.address());
        late.del();
    }

    @ParameterizedTest
    @ValueSource(strings = {"killed", "ended"})
    void aPodThatWaitsWhenTheAgentEndsWaitsForTheNext(String how) throws Exception {
        // Whom a policy may be about waits until the source tells of it.
        lab.api.apply(PolicyLab.FRIENDS);
        Pod late = a.pod("late").conf(PolicyLab.conf(a, PATIENT_SECONDS));
        FutureTask<Answer> adding = adding(late);
        Await.until("it waits for the agent", this::isWaitedFor);
        end(how);
        agent.start().awaitReady();
        Await.until("it waits for the next", this::isWaitedFor);
        assertFalse(adding.isDone());
        lab.tell(late, "late", "none", List.of());
        adding.get().succeeded();
        late.ping(far.address());
        late.del();
    }

    @Test
    void aPodThatIsDeletedMeanwhileLeavesNothing() throws Exception {
        agent.kill();
        NodeState before = NodeState.ofKernel(a.namespace());
        Pod late = lab.scheduled(a, "late", "none").conf(PolicyLab.conf(a, SHORT_SECONDS));
        FutureTask<Answer> adding = adding(late);
        late.del();
        String error = adding.get().failedWith(11);
        assertTrue(error.contains("no agent listens at "), error);
        NodeState.ofKernel(a.namespace()).assertSameAs(before);
        a.leases().assertEmptyButIndex();
    }
}
