package io.towpath.agent.runtime;

import io.towpath.agent.log.Log;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs some controllers until it is stopped, in their order. They wait for each other, and for those of no other thread. What fails
 * outside of a controller has all of them opened anew.
 */
public final class ControlThread implements AutoCloseable {
    /** Between two heartbeats where there is nothing to do. */
    private static final long LONGEST_WAIT_MS = 30_000;

    private final Log log;
    private final Rounds rounds;
    private final Monitor monitor;
    private final LastingThread thread;
    private volatile boolean stopped;

    /**
     * A thread for the network namespace of the calling thread, which is to start it, too.
     *
     * @param limit the longest that all controllers can take, and a pause of half a minute
     * @param problem told what fails outside of a controller, in one line, and null when that is over
     * @param controllers in the order in which they run
     * @throws NetlinkException if the kernel cannot be listened to
     */
    public ControlThread(
            String name, Duration limit, Log log, Consumer<@Nullable String> problem, List<Controller> controllers)
            throws NetlinkException {
        this.log = log;
        rounds = new Rounds(controllers, log, System::nanoTime);
        thread = new LastingThread(name, limit, problem, this::work);
        monitor = new Monitor();
        try {
            if (controllers.stream().anyMatch(each -> each.wants().links())) {
                RtnlEvent.subscribe(monitor, null, rounds::changed);
            }
            if (controllers.stream().anyMatch(each -> each.wants().nftables())) {
                NftEvent.subscribe(monitor, null, rounds::changed);
            }
        } catch (NetlinkException e) {
            monitor.close();
            throw e;
        }
        rounds.subscribe(monitor::wake);
    }

    /** As above, with a line of the log for a problem. */
    public ControlThread(String name, Duration limit, Log log, List<Controller> controllers) throws NetlinkException {
        this(name, limit, log, problem -> log.problem("thread " + name, problem), controllers);
    }

    /** Begins. */
    public void start() {
        thread.start();
    }

    /** Works on the calling thread, in the place of one that is started, until {@link #stop}. */
    public void run() {
        try (monitor) {
            thread.run();
        }
    }

    /** Tells whether it works. */
    public Heartbeat heartbeat() {
        return thread.heartbeat();
    }

    /** Ends it after what is under way; any thread may call it. The node stays as it is. */
    public void stop() {
        stopped = true;
        thread.end();
        monitor.wake();
    }

    private void work() throws Exception {
        try (Namespaces node = new LinuxNamespaces();
                Tables tables = new Tables(log)) {
            rounds.open(new Kernel(node, monitor, tables));
            while (!stopped) {
                long rest = rounds.restNanos();
                monitor.await(milliseconds(rest));
                thread.beat(); // not before: a wait that fails again and again is no sign of life
                if (rest <= 0) {
                    rounds.run();
                }
            }
        }
    }

    /** To sleep for so many nanoseconds, or for a part of them. */
    static int milliseconds(long nanos) {
        long longest = Math.clamp(nanos, 0, TimeUnit.MILLISECONDS.toNanos(LONGEST_WAIT_MS));
        return Math.toIntExact((longest + 999_999) / 1_000_000);
    }

    /** Stops it, and waits until it has ended. */
    @Override
    public void close() {
        stop();
        try {
            thread.join();
            monitor.close();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
