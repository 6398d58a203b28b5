package io.towpath.lab.kubernetes;

import io.towpath.lab.Namespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What Kubernetes' annotations of bandwidth do to a pod, from the first byte on. */
final class Limits {
    private static final int BYTES = 20_000_000;
    private static final double BITS_PER_SECOND = 10e6;
    private static final double SECONDS = 8.0 * BYTES / BITS_PER_SECOND;

    /** The limit counts whole packets: their headers are some 4 % of what they carry. And a busy machine is late now and then. */
    private static final double TOLERANCE = 0.08;

    private static final int BUFFER = 64 << 10;
    private static final int MILLISECONDS = 60_000;
    private static final String ANNOTATED =
            "metadata: {annotations: {kubernetes.io/ingress-bandwidth: 10M, kubernetes.io/egress-bandwidth: 10M}, ";

    private Limits() {}

    /**
     * Starts a pod on node-a with 10M each way, and has another one send to it, and it send to the other.
     *
     * @param other a pod
     * @return the seconds of both
     */
    static String check(KubeCluster cluster, Pods pods, String other) throws IOException {
        cluster.apply(Pods.web("limited", "limited", "node-a").replace("metadata: {", ANNOTATED));
        cluster.awaitPods("default", "app=limited", 1);
        List<String> seconds = new ArrayList<>();
        seconds.add("in " + within(pods, other, "limited"));
        seconds.add("out " + within(pods, "limited", other));
        return String.join(", ", seconds) + " s";
    }

    private static String within(Pods pods, String from, String to) throws IOException {
        double seconds = seconds(
                pods.namespace(from), pods.namespace(to), pods.addresses(to).getFirst());
        String text = String.format(Locale.ROOT, "%.2f", seconds);
        if (Math.abs(seconds - SECONDS) > TOLERANCE * SECONDS) {
            throw new AssertionError(
                    BYTES + " bytes from " + from + " to " + to + " took " + text + " s and not " + SECONDS);
        }
        return text;
    }

    /** How long as many bytes take by TCP, until the last one is read. */
    private static double seconds(Namespace from, Namespace to, String address) throws IOException {
        try (ServerSocket server = to.call(() -> new ServerSocket(0, 1, InetAddress.getByName(address)))) {
            server.setSoTimeout(MILLISECONDS);
            InetSocketAddress at = new InetSocketAddress(address, server.getLocalPort());
            Thread.ofPlatform().daemon().name("sends to " + at).start(() -> send(from, at));
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(MILLISECONDS);
                long start = System.nanoTime();
                byte[] some = new byte[BUFFER];
                int read = 0;
                for (int count = 0; count >= 0; count = socket.getInputStream().read(some)) {
                    read += count;
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                if (read != BYTES) {
                    throw new IOException(read + " of " + BYTES + " bytes came");
                }
                return seconds;
            }
        }
    }

    private static void send(Namespace from, InetSocketAddress to) {
        from.call(() -> {
            try (Socket socket = new Socket(to.getAddress(), to.getPort())) {
                byte[] some = new byte[BUFFER];
                for (int left = BYTES; left > 0; left -= Math.min(left, some.length)) {
                    socket.getOutputStream().write(some, 0, Math.min(left, some.length));
                }
            }
            return BYTES;
        });
    }
}
