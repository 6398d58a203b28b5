package io.towpath.agent.source.kube;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;

/** Sources of the node {@code self}, which lose no time. */
final class Sources {
    static final Timing FAST = new Timing(
            Duration.ofMillis(5),
            Duration.ofMillis(20),
            Duration.ofMillis(10),
            Duration.ofMillis(40),
            Duration.ofMinutes(5),
            Duration.ofMillis(50));

    private Sources() {}

    static KubernetesClusterSource of(ApiAccess access) {
        return of(access, FAST);
    }

    static KubernetesClusterSource of(ApiAccess access, Timing timing) {
        try {
            NetConf conf = NetConf.parse("c", "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\"}}");
            AnnotationNames names = AnnotationNames.of(AnnotationNames.DEFAULT_PREFIX);
            return new KubernetesClusterSource(
                    new KubeSettings(access, "self", conf, names, true),
                    timing,
                    Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC));
        } catch (NetConfException e) {
            throw new AssertionError(e);
        }
    }
}
