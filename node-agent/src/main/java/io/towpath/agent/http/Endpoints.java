package io.towpath.agent.http;

import io.towpath.agent.log.Log;
import io.towpath.agent.policy.PolicyController;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The port for metrics and probes, that for metrics alone, and the socket for the operator's commands. */
public final class Endpoints implements AutoCloseable {
    private static final int MAX_OPEN = 64;

    /** More than a node has pods that can be added at once. */
    private static final int MAX_PRIVILEGED = 1024;

    private final HttpServer server;
    private final PageThread slow;
    private final UnixListener socket;
    private final InetSocketAddress address;

    private Endpoints(HttpServer server, PageThread slow, UnixListener socket, InetSocketAddress address) {
        this.server = server;
        this.slow = slow;
        this.socket = socket;
        this.address = address;
    }

    /**
     * Begins to serve.
     *
     * @param heartbeats of all other threads that must live
     * @param policy null for an agent that enforces none
     * @throws IOException with one line if the local port or the socket is another's
     */
    public static Endpoints open(
            Serving serving,
            StatusBoard board,
            List<Heartbeat> heartbeats,
            @Nullable PolicyController policy,
            String version,
            Log log)
            throws IOException {
        PageThread slow = new PageThread(log);
        HttpServer server = new HttpServer(log);
        List<Heartbeat> all = new ArrayList<>(heartbeats);
        all.add(server.heartbeat());
        all.add(slow.heartbeat());
        SourceDrops drops = new SourceDrops(policy == null ? Map::of : policy::podsByLink);
        Pages pages = new Pages(board, all, new PolicyPages(policy, board, slow), drops, slow, version, log);
        UnixListener unix = null;
        try {
            unix = UnixListener.open(serving.socket(), MAX_PRIVILEGED);
            server.listen(unix, unix.channel(), pages::privileged, MAX_PRIVILEGED);
            ServerSocketChannel listener = bind(serving.local());
            server.listen(listener, pages::open, MAX_OPEN);
            if (serving.metrics() != null) {
                server.listen(new MetricsPort(serving.metrics()), null, pages::openMetrics, MAX_OPEN);
            }
            server.start();
            return new Endpoints(server, slow, unix, (InetSocketAddress) listener.getLocalAddress());
        } catch (IOException e) {
            server.close();
            slow.close();
            if (unix != null) {
                unix.close();
            }
            throw e;
        }
    }

    private static ServerSocketChannel bind(Serving.Port port) throws IOException {
        try {
            return port.bind();
        } catch (IOException e) {
            throw new IOException(
                    "metrics and probes cannot be served at " + port + ": " + e.getMessage()
                            + "; choose others with --healthz-ip and --healthz-port",
                    e);
        }
    }

    /** The address of the local port. */
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public void close() throws IOException {
        server.close();
        slow.close();
        socket.close();
    }
}
