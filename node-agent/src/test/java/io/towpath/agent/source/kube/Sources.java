package io.towpath.agent.source.kube;

import io.towpath.agent.log.Log;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;

/** Sources of the node {@code self}, which lose no time. */
final class Sources {
    static final Timing FAST = fast(Duration.ofMillis(20), Duration.ofMinutes(5));

    /** What they log. */
    static final ByteArrayOutputStream LOGGED = new ByteArrayOutputStream();

    private static final Path NET_CONF = netConf();

    private Sources() {}

    static String logged() {
        return LOGGED.toString(StandardCharsets.UTF_8);
    }

    /** As {@link #FAST}, with another time after which all begins anew. */
    static Timing askingAnewEach(Duration anew) {
        return fast(FAST.retry(), anew);
    }

    /** As {@link #FAST}, with another time between attempts; a handshake of TLS may take longer than its own. */
    static Timing askingAgainAfter(Duration retry) {
        return fast(retry, FAST.anew());
    }

    private static Timing fast(Duration retry, Duration anew) {
        return new Timing(
                Duration.ofMillis(5),
                Duration.ofMillis(20),
                retry,
                Duration.ofMillis(40),
                Duration.ofMillis(40),
                Duration.ofMinutes(5),
                anew,
                Duration.ofMillis(50),
                Duration.ofMillis(20));
    }

    static KubernetesClusterSource of(ApiAccess access) {
        return of(access, FAST);
    }

    static KubernetesClusterSource of(ApiAccess access, Timing timing) {
        return of(access, timing, NET_CONF);
    }

    static KubernetesClusterSource of(ApiAccess access, Timing timing, Path netConf) {
        AnnotationNames names = AnnotationNames.of(AnnotationNames.DEFAULT_PREFIX);
        return new KubernetesClusterSource(
                new KubeSettings(access, "self", netConf, names, true),
                new Log(
                        new PrintStream(LOGGED, true, StandardCharsets.UTF_8),
                        Log.Form.TEXT,
                        Log.Level.INFO,
                        Clock.systemUTC()),
                timing,
                Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC));
    }

    /** A file for as long as the tests run, in which the pods' network is 10.0.0.0/8. */
    private static Path netConf() {
        try {
            Path file = Files.createTempFile("towpath-net-conf", ".json");
            file.toFile().deleteOnExit();
            return Files.writeString(file, "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\"}}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
