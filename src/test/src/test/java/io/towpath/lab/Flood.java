package io.towpath.lab;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Datagrams without end from a namespace to an address, from the moment that there is a way; and who receives them. */
public final class Flood implements AutoCloseable {
    /** To which they are sent. */
    public static final int PORT = 9000;

    private static final int PAUSE_NANOS = 200_000;
    private static final long SILENCE_NANOS = 100_000_000;

    private final DatagramChannel sender;
    private final DatagramChannel receiver;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private volatile long lastReceived = System.nanoTime();
    private volatile long firstAfterSilence;
    private final Thread sending;
    private final Thread receiving;
    private volatile boolean closed;
    private final boolean isAnswered;

    private Flood(DatagramChannel sender, DatagramChannel receiver, SocketAddress to, long pause, boolean isAnswered) {
        this.sender = sender;
        this.receiver = receiver;
        this.isAnswered = isAnswered;
        sending = Thread.ofPlatform().daemon().name("flood").start(() -> send(sender, to, pause, sent));
        receiving = Thread.ofPlatform().daemon().name("flooded").start(this::receive);
    }

    /**
     * Starts one.
     *
     * @param to who receives them, by an address that it has
     * @param isEager whether they are sent as fast as can be, else some thousands a second
     */
    public static Flood start(Namespace from, Namespace to, String address, boolean isEager) {
        return start(from, to, address, isEager ? 0 : PAUSE_NANOS, false);
    }

    /** Starts one whose receiver sends as many back, from the first that it gets on, whether more come or not. */
    public static Flood bothWays(Namespace from, Namespace to, String address) {
        return start(from, to, address, PAUSE_NANOS, true);
    }

    private static Flood start(Namespace from, Namespace to, String address, long pause, boolean isAnswered) {
        DatagramChannel receiver = to.call(() -> DatagramChannel.open().bind(new InetSocketAddress(PORT)));
        DatagramChannel sender = from.call(DatagramChannel::open);
        return new Flood(sender, receiver, new InetSocketAddress(address, PORT), pause, isAnswered);
    }

    private void send(DatagramChannel by, SocketAddress to, long pause, AtomicLong count) {
        ByteBuffer word = ByteBuffer.wrap("flood".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        while (!closed) {
            try {
                word.rewind();
                by.send(word, to);
                count.incrementAndGet();
            } catch (IOException _) {
                // There is no way yet: that is what is waited for.
                Thread.onSpinWait();
            }
            if (pause > 0) {
                LockSupport.parkNanos(pause);
            }
        }
    }

    private void receive() {
        ByteBuffer some = ByteBuffer.allocate(64);
        try {
            while (true) {
                some.clear();
                SocketAddress from = receiver.receive(some);
                if (isAnswered && received.get() == 0) {
                    Thread.ofPlatform()
                            .daemon()
                            .name("answers")
                            .start(() -> send(receiver, from, PAUSE_NANOS, new AtomicLong()));
                }
                long now = System.nanoTime();
                if (now - lastReceived > SILENCE_NANOS) {
                    firstAfterSilence = now;
                }
                lastReceived = now;
                received.incrementAndGet();
            }
        } catch (IOException _) {
            // closed
        }
    }

    /** How many have left so far. */
    public long sent() {
        return sent.get();
    }

    /** How many have arrived so far. */
    public long received() {
        return received.get();
    }

    /** When the last one arrived, as {@link System#nanoTime} tells. */
    public long lastReceived() {
        return lastReceived;
    }

    /** When the first arrived after a tenth of a second or more of silence, as {@link System#nanoTime} tells. */
    public long firstAfterSilence() {
        return firstAfterSilence;
    }

    /** Waits until so many more have left. */
    public void more(long count) {
        long wanted = sent() + count;
        Await.until(count + " more datagrams leave", () -> sent() >= wanted);
    }

    @Override
    public void close() {
        closed = true;
        try {
            sender.close();
            receiver.close();
            sending.join();
            receiving.join();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
