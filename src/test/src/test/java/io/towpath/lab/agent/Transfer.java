package io.towpath.lab.agent;

import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** TCP from one namespace to another, as fast as two threads of this process can. */
final class Transfer implements AutoCloseable {
    static final int PORT = 7000;

    private static final long NANOS = 200_000_000L;
    private static final int BUFFER = 256 << 10;
    private static final double GIGA = 1e9;

    private final Namespace from;
    private final SocketAddress to;
    private final ServerSocketChannel listener;
    private final Thread receiving;

    Transfer(Namespace from, Namespace to, String address) {
        this.from = from;
        this.to = new InetSocketAddress(address, PORT);
        listener = to.call(() -> ServerSocketChannel.open().bind(new InetSocketAddress(PORT), 1024));
        receiving = Thread.ofPlatform().daemon().name("transfer").start(this::receive);
    }

    private void receive() {
        ByteBuffer some = ByteBuffer.allocateDirect(BUFFER);
        while (listener.isOpen()) {
            try (SocketChannel channel = listener.accept()) {
                do {
                    some.clear();
                } while (channel.read(some) >= 0);
            } catch (IOException _) {
                // The other end has reset it, or the listener is closed.
                Thread.onSpinWait();
            }
        }
    }

    /** What a connection carries for some time. */
    double gigabitsPerSecond() {
        return from.call(() -> {
            ByteBuffer some = ByteBuffer.allocateDirect(BUFFER);
            long sent = 0;
            long start = System.nanoTime();
            try (SocketChannel channel = SocketChannel.open(to)) {
                while (System.nanoTime() - start < NANOS) {
                    some.clear();
                    sent += channel.write(some);
                }
            }
            return sent * 8 / GIGA / ((System.nanoTime() - start) / GIGA);
        });
    }

    /** How many connections can be made, one after the other; each is reset at once. */
    double connectionsPerSecond() {
        return from.call(() -> {
            int made = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < NANOS) {
                try (SocketChannel channel = SocketChannel.open(to)) {
                    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                    made++;
                }
            }
            return made / ((System.nanoTime() - start) / GIGA);
        });
    }

    @Override
    public void close() {
        try {
            listener.close();
            receiving.join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
