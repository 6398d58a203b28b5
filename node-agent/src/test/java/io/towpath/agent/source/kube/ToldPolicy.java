package io.towpath.agent.source.kube;

import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.source.PolicySource;
import io.towpath.agent.status.AgentStatus.Unenforced;
import io.towpath.policy.facts.PodFact;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a source of policies told, in order. */
final class ToldPolicy implements PolicySource.Listener {
    private static final String WELL = "";

    final BlockingQueue<PolicyFacts> facts = new LinkedBlockingQueue<>();
    final BlockingQueue<Unenforced> unenforced = new LinkedBlockingQueue<>();
    final BlockingQueue<String> troubles = new LinkedBlockingQueue<>();

    @Override
    public void policy(PolicyFacts told) {
        facts.add(told);
    }

    @Override
    public void unenforced(Unenforced now) {
        unenforced.add(now);
    }

    @Override
    public void policyTrouble(@Nullable String message) {
        troubles.add(message == null ? WELL : message);
    }

    PolicyFacts next() throws InterruptedException {
        return next(_ -> true);
    }

    /** The next of the kind; those before it are passed over. */
    PolicyFacts next(Predicate<PolicyFacts> wanted) throws InterruptedException {
        return await(facts, wanted);
    }

    /** The next with just these pods in it. */
    PolicyFacts withPods(String... names) throws InterruptedException {
        return next(told -> pods(told).equals(List.of(names)));
    }

    static List<String> pods(PolicyFacts told) {
        return told.facts().pods().stream().map(PodFact::name).sorted().toList();
    }

    /** The next of the kind; those before it are passed over. */
    Unenforced unenforced(Predicate<Unenforced> wanted) throws InterruptedException {
        return await(unenforced, wanted);
    }

    void troubled(String part) throws InterruptedException {
        await(troubles, message -> message.contains(part));
    }

    void well() throws InterruptedException {
        await(troubles, WELL::equals);
    }

    private <T> T await(BlockingQueue<T> queue, Predicate<T> wanted) throws InterruptedException {
        return Told.await(queue, wanted, troubles);
    }
}
