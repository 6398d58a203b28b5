package io.towpath.netlink.nft;

import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What changes in the nftables of a network namespace, kept in order until somebody takes it. */
public interface NftEvents extends AutoCloseable {
    /** Hands out all that there is, and returns. Not for several threads at once. */
    void take(Consumer<NftEvent> listener) throws NetlinkException;

    /**
     * Waits until there is something to take; while one thread does, another may take it.
     *
     * @param milliseconds how long to wait at most; negative for ever
     */
    void await(int milliseconds) throws NetlinkException;

    /** Makes {@link #await} return, at once or when it is next called; any thread may call it, also after the end. */
    void wake();

    @Override
    void close();

    /**
     * Those of the kernel from now on.
     *
     * @param netNs the namespace, null for the calling thread's own
     */
    static NftEvents open(@Nullable NetNs netNs) throws NetlinkException {
        Monitor monitor = new Monitor();
        OfKernel events = new OfKernel(monitor);
        try {
            NftEvent.subscribe(monitor, netNs, event -> events.listener.accept(event));
        } catch (NetlinkException e) {
            monitor.close();
            throw e;
        }
        return events;
    }

    /** Kept in a socket's buffer. */
    final class OfKernel implements NftEvents {
        private final Monitor monitor;
        private Consumer<NftEvent> listener = _ -> {};

        private OfKernel(Monitor monitor) {
            this.monitor = monitor;
        }

        @Override
        public void take(Consumer<NftEvent> to) throws NetlinkException {
            listener = to;
            monitor.take();
        }

        @Override
        public void await(int milliseconds) throws NetlinkException {
            monitor.awaitAny(milliseconds);
        }

        @Override
        public void wake() {
            monitor.wake();
        }

        @Override
        public void close() {
            monitor.close();
        }
    }
}
