package io.towpath.lab.agent;

import io.towpath.lab.Await;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/** One TCP connection that carries bytes as fast as it can, until it is closed; and how many arrive at the end that was called. */
final class Stream implements AutoCloseable {
    static final int PORT = 7001;

    private static final int CONNECT_MS = 5_000 * Await.SLOWNESS;
    private static final int BUFFER = 64 << 10;
    private static final long PAUSE_NANOS = 1_000_000;

    private final SocketChannel sender;
    private final SocketChannel receiver;
    private final AtomicLong received = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile long lastReceived = System.nanoTime();
    private volatile boolean closed;

    private Stream(SocketChannel sender, SocketChannel receiver) throws IOException {
        this.sender = sender;
        this.receiver = receiver;
        sender.configureBlocking(false);
        receiver.configureBlocking(false);
    }

    private Stream with(String name, Runnable work) {
        threads.add(Thread.ofPlatform().daemon().name(name).start(work));
        return this;
    }

    /** Opens the connection to an address of {@code to}, for bytes one way. */
    static Stream start(Namespace from, Namespace to, String address) {
        Stream stream = open(from, to, address);
        return stream.with("stream", () -> stream.send(stream.sender)).with("streamed", stream::receive);
    }

    /** As {@link #start}, and bytes that nobody counts the other way. */
    static Stream bothWays(Namespace from, Namespace to, String address) {
        Stream stream = start(from, to, address);
        return stream.with("stream back", () -> stream.send(stream.receiver))
                .with("streamed back", () -> stream.read(stream.sender, _ -> {}));
    }

    private static Stream open(Namespace from, Namespace to, String address) {
        try (ServerSocketChannel listener =
                to.call(() -> ServerSocketChannel.open().bind(new InetSocketAddress(PORT)))) {
            SocketChannel sender = from.call(() -> {
                SocketChannel channel = SocketChannel.open();
                channel.socket().connect(new InetSocketAddress(address, PORT), CONNECT_MS);
                return channel;
            });
            return new Stream(sender, listener.accept());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void send(SocketChannel by) {
        ByteBuffer some = ByteBuffer.allocateDirect(BUFFER);
        try {
            while (!closed) {
                if (by.write(some.clear()) == 0) {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        } catch (IOException _) {
            // closed
        }
    }

    private void receive() {
        read(receiver, count -> {
            received.addAndGet(count);
            lastReceived = System.nanoTime();
        });
    }

    private void read(SocketChannel by, IntConsumer taken) {
        ByteBuffer some = ByteBuffer.allocateDirect(BUFFER);
        try {
            for (int count = 0; count >= 0 && !closed; count = by.read(some.clear())) {
                if (count > 0) {
                    taken.accept(count);
                } else {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        } catch (IOException _) {
            // closed
        }
    }

    /** How many bytes have arrived. */
    long received() {
        return received.get();
    }

    /** When the last one arrived, as {@link System#nanoTime} tells. */
    long lastReceived() {
        return lastReceived;
    }

    /** Waits until so many more have arrived. */
    void more(long bytes) {
        long wanted = received() + bytes;
        Await.until(bytes + " more bytes arrive", () -> received() >= wanted);
    }

    @Override
    public void close() {
        closed = true;
        try {
            sender.close();
            receiver.close();
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
