package io.towpath.agent.attachments;

import io.towpath.agent.log.Log;
import io.towpath.agent.runtime.Controller;
import io.towpath.agent.runtime.Kernel;
import io.towpath.agent.runtime.Pace;
import io.towpath.agent.runtime.Wants;
import io.towpath.agent.status.AgentStatus;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Looks after the attachments every half a minute; it waits for locks of IPAM, so nothing that is in a hurry shares its thread. */
public final class AttachmentsController implements Controller {
    /** Between two looks. */
    private static final Duration SLOW = Duration.ofHours(1);

    /** Until what a look found is looked at again: longer than a runtime waits for any ADD or DEL. */
    private static final Duration SOON = Duration.ofMinutes(5);

    private static final Pace PACE = Pace.NORMAL.withRetry(Pace.NORMAL.resync());

    private final Attachments.Files files;
    private final Log log;
    private final BiConsumer<List<AgentStatus.Fill>, AgentStatus.Attachments> taker;
    private @Nullable Attachments attachments;
    private List<AgentStatus.Fill> fills = List.of();
    private long next;

    /** @param taker told how full the ranges are and what was done, after each look */
    public AttachmentsController(
            Attachments.Files files, Log log, BiConsumer<List<AgentStatus.Fill>, AgentStatus.Attachments> taker) {
        this.files = files;
        this.log = log;
        this.taker = taker;
    }

    @Override
    public String name() {
        return "attachments";
    }

    @Override
    public Wants wants() {
        return Wants.NOTHING;
    }

    @Override
    public Pace pace() {
        return PACE;
    }

    @Override
    public void open(Kernel kernel) throws IOException {
        attachments = new Attachments(files, kernel.rtnl(), new NodePorts(kernel.node()), log, Clock.systemUTC());
        next = System.nanoTime();
    }

    @Override
    public Outcome reconcile(Round round) throws IOException {
        Attachments open = Objects.requireNonNull(attachments);
        fills = List.of();
        fills = open.fills();
        if (System.nanoTime() - next >= 0) {
            next = System.nanoTime() + SOON.toNanos();
            if (!open.look()) {
                next += SLOW.minus(SOON).toNanos();
            }
        }
        return Outcome.DONE;
    }

    @Override
    public void ended(@Nullable String problem, Duration duration) {
        taker.accept(fills, Objects.requireNonNull(attachments).cleared(problem));
    }

    private record NodePorts(Namespaces node) implements Attachments.Ports {
        @Override
        public Set<OwnerMark> owners() throws IOException {
            return HostPorts.owners(node);
        }

        @Override
        public void close(OwnerMark mark) throws IOException {
            HostPorts.close(node, mark);
        }
    }
}
