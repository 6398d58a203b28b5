package io.towpath.agent.http;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.thread.LastingThread;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gives pages over HTTP/1.1 on one thread of its own, one request a connection. A client that is slow holds up nobody: it has
 * a deadline, and when there are too many of them the eldest goes.
 */
public final class HttpServer implements AutoCloseable {
    private static final long DEADLINE_NANOS = 10_000_000_000L;
    /** Of what somebody took away, it is to be there again within a second. */
    private static final int SWEEP_MS = 500;

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Log log;
    private final Selector selector;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final Deque<SelectionKey> connections = new ArrayDeque<>();
    private final Queue<SelectionKey> answered = new ConcurrentLinkedQueue<>();
    private final LastingThread thread;
    private boolean started;
    private volatile boolean closed;

    private final List<Renewed> renewed = new ArrayList<>();

    /** What a listener gives, and to how many at once. */
    private record Pages(Function<Request, CompletableFuture<Response>> pages, int maxConnections) {}

    /** What is listened to for some pages at the moment; no key if nothing is. */
    private record Renewed(
            Renewable source, Pages pages, @Nullable SelectionKey key) {}

    /** A connection, and by what it is served. */
    private record Served(Pages pages, Connection connection) {}

    public HttpServer(Log log) throws IOException {
        this.log = log;
        selector = Selector.open();
        thread = new LastingThread("http", LIMIT, log, this::run);
    }

    /**
     * Has pages given by a listener, which is closed with the server; before {@link #start}.
     *
     * @param pages gives the answer to a request: a future, soon; other threads may complete it. It is cancelled if the client hangs
     *     up before
     * @param maxConnections when there are more, the eldest that waits for no answer goes
     */
    void listen(ServerSocketChannel listener, Function<Request, CompletableFuture<Response>> pages, int maxConnections)
            throws IOException {
        listen(listener, new Pages(pages, maxConnections));
    }

    /**
     * As {@link #listen(ServerSocketChannel, Function, int)}, of something that is made again when it is gone.
     *
     * @param present what it is now; null if it is to be made
     */
    void listen(
            Renewable source,
            @Nullable ServerSocketChannel present,
            Function<Request, CompletableFuture<Response>> pages,
            int maxConnections)
            throws IOException {
        Pages given = new Pages(pages, maxConnections);
        renewed.add(new Renewed(source, given, present == null ? null : listen(present, given)));
    }

    private SelectionKey listen(ServerSocketChannel listener, Pages pages) throws IOException {
        listeners.add(listener);
        listener.configureBlocking(false);
        return listener.register(selector, SelectionKey.OP_ACCEPT, pages);
    }

    /** Begins to serve. */
    void start() {
        started = true;
        thread.start();
    }

    /** Tells whether it serves. */
    Heartbeat heartbeat() {
        return thread.heartbeat();
    }

    /** The addresses it can be reached by. */
    List<SocketAddress> addresses() throws IOException {
        List<SocketAddress> addresses = new ArrayList<>();
        for (ServerSocketChannel listener : listeners) {
            addresses.add(listener.getLocalAddress());
        }
        return addresses;
    }

    private void run() throws IOException {
        while (!closed) {
            thread.beat();
            selector.select(this::ready, SWEEP_MS);
            for (SelectionKey key = answered.poll(); key != null; key = answered.poll()) {
                if (key.isValid()) {
                    ready(key);
                }
            }
            sweep();
            renew();
        }
        connections.forEach(HttpServer::end);
        listeners.forEach(HttpServer::close);
        close(selector);
    }

    private void ready(SelectionKey key) {
        if (key.channel() instanceof ServerSocketChannel listener) {
            accept(key, listener);
            return;
        }
        boolean ended;
        try {
            ended = served(key).connection.proceed(key);
        } catch (IOException | CancelledKeyException _) {
            // The client is gone.
            ended = true;
        } catch (RuntimeException | Error e) {
            // A mistake of ours that one request brings to light must not end the answers to all others.
            log.problem("answers", Uncaught.line(e));
            ended = true;
        }
        if (ended) {
            connections.remove(key);
            end(key);
        }
    }

    private void accept(SelectionKey key, ServerSocketChannel listener) {
        try {
            SocketChannel channel = listener.accept();
            if (channel == null) {
                return;
            }
            log.problem("http", null);
            Pages pages = (Pages) key.attachment();
            makeRoom(pages);
            channel.configureBlocking(false);
            SelectionKey own = channel.register(selector, SelectionKey.OP_READ);
            own.attach(new Served(pages, new Connection(channel, pages.pages, () -> answered(own), DEADLINE_NANOS)));
            connections.add(own);
        } catch (IOException e) {
            log.problem("http", "a connection could not be accepted: " + e.getMessage());
            // Without a descriptor to spare, the same client would be accepted again and again: not before the next
            // sweep.
            key.interestOps(0);
        }
    }

    private void makeRoom(Pages pages) {
        long open = connections.stream()
                .filter(each -> served(each).pages.equals(pages))
                .count();
        if (open < pages.maxConnections) {
            return;
        }
        for (SelectionKey each : connections) {
            if (served(each).pages.equals(pages) && !served(each).connection.isWaiting()) {
                connections.remove(each);
                end(each);
                return;
            }
        }
    }

    private void answered(SelectionKey key) {
        answered.add(key);
        selector.wakeup();
    }

    private void sweep() {
        long now = System.nanoTime();
        connections.removeIf(each -> {
            boolean overdue = served(each).connection.isOverdue(now);
            if (overdue) {
                end(each);
            }
            return overdue;
        });
        for (SelectionKey key : selector.keys()) {
            if (key.isValid() && key.interestOps() == 0 && key.channel() instanceof ServerSocketChannel) {
                key.interestOps(SelectionKey.OP_ACCEPT);
            }
        }
    }

    private void renew() {
        renewed.replaceAll(this::renew);
    }

    private Renewed renew(Renewed former) {
        Renewed now = former;
        String name = former.source.name();
        try {
            ServerSocketChannel fresh = former.source.renewed();
            if (fresh != null) {
                now = new Renewed(former.source, former.pages, listen(fresh, former.pages));
                if (former.key != null) {
                    end(former.key);
                    listeners.remove((ServerSocketChannel) former.key.channel());
                    log.info("the " + name + " of this agent was deleted, and is made again");
                }
            }
            log.problem(name, null);
        } catch (IOException e) {
            log.problem(name, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            // A mistake of ours about one listener must not end the answers of all others, which keep the agent alive.
            log.problem(name, Uncaught.line(e));
        }
        return now;
    }

    private static Served served(SelectionKey key) {
        return (Served) key.attachment();
    }

    private static void end(SelectionKey key) {
        key.cancel();
        close(key.channel());
    }

    private static void close(AutoCloseable channel) {
        try {
            channel.close();
        } catch (Exception _) {
            // Nothing was left to be sent.
        }
    }

    /** Ends it, and waits until its thread has. */
    @Override
    public void close() {
        closed = true;
        thread.end();
        selector.wakeup();
        if (!started) {
            listeners.forEach(HttpServer::close);
            close(selector);
            return;
        }
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
