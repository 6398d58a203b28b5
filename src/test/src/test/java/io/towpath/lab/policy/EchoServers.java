package io.towpath.lab.policy;

import io.towpath.lab.Namespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Servers of TCP and UDP in many namespaces, on one thread: connections are taken and kept until the other ends them, datagrams sent back. */
final class EchoServers implements AutoCloseable {
    private static final int BACKLOG = 1024;

    private final Selector selector;
    private final Map<String, List<SelectableChannel>> channels = new ConcurrentHashMap<>();
    private final Thread thread;

    EchoServers() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        thread = Thread.ofPlatform().daemon().name("echo servers").start(this::run);
    }

    /** On all addresses; a datagram is answered from the one that it was for, so these have to be known. */
    void open(String place, Namespace at, List<String> addresses) {
        channels.put(place, at.call(() -> {
            List<SelectableChannel> opened = new ArrayList<>();
            for (int port : World.PORTS) {
                ServerSocketChannel server = ServerSocketChannel.open();
                opened.add(server);
                server.bind(new InetSocketAddress(port), BACKLOG);
                for (String address : addresses) {
                    DatagramChannel echo = DatagramChannel.open();
                    opened.add(echo);
                    echo.bind(new InetSocketAddress(address, port));
                }
            }
            for (SelectableChannel channel : opened) {
                channel.configureBlocking(false);
                channel.register(
                        selector,
                        channel instanceof ServerSocketChannel ? SelectionKey.OP_ACCEPT : SelectionKey.OP_READ);
            }
            return opened;
        }));
        selector.wakeup(); // what is new to it, it looks at from its next round on
    }

    void close(String place) {
        List<SelectableChannel> opened = channels.remove(place);
        if (opened != null) {
            opened.forEach(EchoServers::end);
        }
    }

    private void run() {
        try {
            while (selector.isOpen()) {
                selector.select(EchoServers::serve);
            }
        } catch (ClosedSelectorException e) {
            // The end.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void serve(SelectionKey key) {
        try {
            switch (key.channel()) {
                case ServerSocketChannel server -> {
                    for (SocketChannel it = server.accept(); it != null; it = server.accept()) {
                        it.configureBlocking(false);
                        it.register(key.selector(), SelectionKey.OP_READ);
                    }
                }
                case DatagramChannel echo -> {
                    ByteBuffer buffer = ByteBuffer.allocate(1);
                    for (SocketAddress from = echo.receive(buffer); from != null; from = echo.receive(buffer)) {
                        echo.send(ByteBuffer.wrap(new byte[1]), from);
                        buffer.clear();
                    }
                }
                case SocketChannel connection -> {
                    if (connection.read(ByteBuffer.allocate(1)) < 0) {
                        connection.close();
                    }
                }
                default -> throw new IllegalStateException(String.valueOf(key.channel()));
            }
        } catch (IOException e) {
            // Its other end is gone, or its place.
            if (key.channel() instanceof SocketChannel connection) {
                end(connection);
            }
        }
    }

    private static void end(SelectableChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            List<SelectableChannel> open =
                    selector.keys().stream().map(SelectionKey::channel).toList();
            selector.close();
            thread.join();
            open.forEach(EchoServers::end);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
