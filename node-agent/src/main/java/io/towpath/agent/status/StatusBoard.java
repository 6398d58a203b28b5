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

    /** Replaces the status; for one thread at a time. */
    public void publish(AgentStatus status) {
        current = status;
        listeners.forEach(listener -> listener.accept(status));
    }

    /** Tells a listener, which returns soon and throws nothing, all that is published from now on. */
    public void listen(Consumer<AgentStatus> listener) {
        listeners.add(listener);
    }
}
