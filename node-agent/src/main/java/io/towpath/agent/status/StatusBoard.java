package io.towpath.agent.status;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Where the agent hangs out its status after each round, for whoever wants to look. Any thread may look. */
public final class StatusBoard {
    private final List<Consumer<AgentStatus>> listeners = new CopyOnWriteArrayList<>();
    private volatile AgentStatus current;

    /** @param first the status until one is published */
    public StatusBoard(AgentStatus first) {
        current = first;
    }

    /** The status last published. */
    public AgentStatus current() {
        return current;
    }

    /** Replaces the status but for the policies' part. */
    public synchronized void publish(AgentStatus status) {
        AgentStatus whole = status.withPolicy(current.policy());
        current = whole;
        listeners.forEach(listener -> listener.accept(whole));
    }

    /** Replaces the policies' part; the listeners are told with the next status. */
    public synchronized void publish(AgentStatus.Policy policy) {
        current = current.withPolicy(policy);
    }

    /** Tells a listener, which returns soon and throws nothing, all that is published from now on. */
    public void listen(Consumer<AgentStatus> listener) {
        listeners.add(listener);
    }
}
