package io.towpath.agent.source.kube;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The way between the agent and an API server: it can be slow, lose what is on it, and speak TLS towards the agent. */
final class Relay implements AutoCloseable {
    private final ServerSocket listening;
    private final String scheme;
    private final int to;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private boolean held;
    private int pieces = 1 << 16;
    private int letThrough = Integer.MAX_VALUE;

    /** In the clear. */
    Relay(FakeApi api) throws IOException {
        this(api, "http", new ServerSocket(0, 0, InetAddress.getLoopbackAddress()));
    }

    /** With TLS; who does not show the client's certificate is refused, unless that is null. */
    Relay(FakeApi api, Identity server, @Nullable Identity client) throws IOException {
        this(api, "https", server.listen(client));
    }

    private Relay(FakeApi api, String scheme, ServerSocket listening) {
        this.listening = listening;
        this.scheme = scheme;
        to = api.port();
        Thread.ofVirtual().start(this::accept);
    }

    String url() {
        return scheme + "://localhost:" + listening.getLocalPort() + "/";
    }

    /** Keeps answers back until they are released. */
    synchronized void hold() {
        held = true;
    }

    /** Lets them go. */
    synchronized void release() {
        held = false;
        notifyAll();
    }

    /** Answers come in pieces of at most so many bytes. */
    synchronized void inPieces(int bytes) {
        pieces = bytes;
    }

    /** After so many bytes of answers the connection breaks, once. */
    synchronized void breakAfter(int bytes) {
        letThrough = bytes;
    }

    private void accept() {
        while (true) {
            Socket agent;
            try {
                agent = listening.accept();
            } catch (IOException _) {
                return; // closed
            }
            Thread.ofVirtual().start(() -> serve(agent));
        }
    }

    private void serve(Socket agent) {
        try (agent;
                Socket api = new Socket(InetAddress.getLoopbackAddress(), to)) {
            open.add(agent);
            open.add(api);
            Thread answers = Thread.ofVirtual().start(() -> pump(api, agent, true));
            pump(agent, api, false);
            answers.join();
        } catch (IOException _) {
            // one of the two is gone, and now the other
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(agent);
        }
    }

    private void pump(Socket from, Socket into, boolean answers) {
        try (from;
                into) {
            InputStream in = from.getInputStream();
            OutputStream out = into.getOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int length; (length = in.read(buffer, 0, answers ? piece() : buffer.length)) > 0; ) {
                if (answers && !pass(length)) {
                    return;
                }
                out.write(buffer, 0, length);
            }
        } catch (IOException _) {
            // as if both had been closed
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized int piece() {
        return pieces;
    }

    private synchronized boolean pass(int length) throws InterruptedException {
        while (held) {
            wait();
        }
        if (letThrough < length) {
            letThrough = Integer.MAX_VALUE;
            return false;
        }
        letThrough -= letThrough == Integer.MAX_VALUE ? 0 : length;
        return true;
    }

    @Override
    public void close() {
        release();
        try {
            listening.close();
            for (Socket each : open) {
                each.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
