package io.towpath.agent.http;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * The port that Prometheus reaches. A node's network does not depend on it: where it is another's, or the node does not have the
 * address yet, it comes later.
 */
final class MetricsPort implements Renewable {
    private final Serving.Port port;
    private @Nullable ServerSocketChannel channel;

    MetricsPort(Serving.Port port) {
        this.port = port;
    }

    @Override
    public String name() {
        return "metrics-port";
    }

    @Override
    public @Nullable ServerSocketChannel renewed() throws IOException {
        if (channel != null) {
            return null;
        }
        try {
            channel = port.bind();
        } catch (IOException e) {
            throw new IOException(
                    "metrics are not served at " + port + ": " + e.getMessage()
                            + "; choose others with --metrics-ip and --metrics-port",
                    e);
        }
        return channel;
    }
}
