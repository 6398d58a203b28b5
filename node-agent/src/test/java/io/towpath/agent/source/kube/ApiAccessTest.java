package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiAccessTest {
    private static final Map<String, String> POD =
            Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "443");

    @Test
    void inAPodTheServiceAccount() {
        ApiAccess access = ApiAccess.of("", "", POD);
        assertEquals("https://[fd00::1]:443", access.url());
        assertEquals(Path.of("/var/run/secrets/kubernetes.io/serviceaccount/token"), access.token());
        assertEquals(Path.of("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"), access.authority());
    }

    @Test
    void anOptionGoesBeforeThePod() {
        assertEquals(new ApiAccess("http://x", Path.of("/k"), null, null), ApiAccess.of("http://x", "/k", POD));
        assertEquals(new ApiAccess(null, Path.of("/k"), null, null), ApiAccess.of("", "/k", POD));
    }

    @Test
    void outsideOfAPodAnOptionIsNeeded() {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> ApiAccess.of("", "", Map.of()));
        assertTrue(String.valueOf(refused.getMessage()).contains("--kubeconfig-file"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"flannel.alpha.coreos.com", "flannel.alpha.coreos.com/", "example.com/pods", "example.com/pods-"
            })
    void prefixesOfAnnotations(String prefix) {
        assertTrue(AnnotationNames.of(prefix).full("x").matches("[a-z.]+/(pods-)?x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "example", "a.b/c/d", "Example.com", "a.b/c d"})
    void whatIsNoPrefix(String prefix) {
        assertThrows(IllegalArgumentException.class, () -> AnnotationNames.of(prefix));
    }
}
