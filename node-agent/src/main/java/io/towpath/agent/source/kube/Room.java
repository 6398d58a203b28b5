package io.towpath.agent.source.kube;

import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether there is memory for more of what the API tells. A part of the heap is left to what is made of it; where that part is in use, nothing
 * more is taken in, and what is known stays. Of the connection's thread alone.
 */
final class Room {
    /** Of the heap, what is not for objects of the API. */
    private static final int RESERVED = 4;

    /** What is no garbage is found out at most so often. */
    private static final long GAP_NANOS = Duration.ofMillis(500).toNanos();

    private final long heap;
    private final LongSupplier used;
    private final Runnable collect;
    private final LongSupplier clock;
    private long collected;
    private boolean wasFull;

    /** That of this process. */
    Room() {
        this(
                Runtime.getRuntime().maxMemory(),
                () -> Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory(),
                System::gc,
                System::nanoTime);
    }

    /**
     * One of a heap.
     *
     * @param heap its bytes
     * @param used how many of them are in use, garbage included
     * @param collect collects the garbage
     * @param clock nanoseconds since any time
     */
    Room(long heap, LongSupplier used, Runnable collect, LongSupplier clock) {
        this.heap = heap;
        this.used = used;
        this.collect = collect;
        this.clock = clock;
        collected = clock.getAsLong() - GAP_NANOS;
    }

    /**
     * To be asked before more is taken in.
     *
     * @param what is to be taken in, plural
     * @throws ApiRefusal if there is no room; what is asked for is worth asking for again, later
     */
    void require(String what) {
        long most = heap - heap / RESERVED;
        if (used.getAsLong() <= most) {
            wasFull = false;
            return;
        }
        long now = clock.getAsLong();
        if (now - collected >= GAP_NANOS) {
            collect.run();
            collected = clock.getAsLong();
            wasFull = used.getAsLong() > most;
        }
        if (wasFull) {
            throw new ApiRefusal(
                    HttpURLConnection.HTTP_OK,
                    "with more " + what + " than there is memory for: more than " + (most >> 20) + " of " + (heap >> 20)
                            + " MiB of heap are in use. More is given by -Xmx before all other arguments, such as -Xmx400m",
                    null);
        }
    }
}
