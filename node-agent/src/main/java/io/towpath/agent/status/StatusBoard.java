package io.towpath.agent.status;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Where controllers hang out what became of their rounds, for whoever wants to look. Any thread may look. */
public final class StatusBoard {
    private final List<Consumer<AgentStatus>> listeners = new CopyOnWriteArrayList<>();
    private volatile AgentStatus current;

    /** @param first the status until a part is replaced */
    public StatusBoard(AgentStatus first) {
        current = first;
    }

    /** The status as it is now. */
    public AgentStatus current() {
        return current;
    }

    /** Replaces a part of the status; the listeners are told, on the calling thread. */
    public synchronized AgentStatus update(UnaryOperator<AgentStatus> change) {
        AgentStatus changed = change.apply(current);
        current = changed;
        listeners.forEach(listener -> listener.accept(changed));
        return changed;
    }

    /** Replaces the status but for the policies' part. */
    public void publish(AgentStatus status) {
        update(before -> status.withPolicy(before.policy()));
    }

    /** Replaces the policies' part. */
    public void publish(AgentStatus.Policy policy) {
        update(before -> before.withPolicy(policy));
    }

    /** Tells a listener, which returns soon and throws nothing, each status from now on. */
    public void listen(Consumer<AgentStatus> listener) {
        listeners.add(listener);
    }
}
