package io.towpath.cni.wiring;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIf;

/** A test against the real kernel, in network namespaces that it makes and removes. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("root")
@EnabledIf(value = "io.towpath.cni.wiring.NeedsRoot$Condition#holds", disabledReason = "network namespaces take root")
public @interface NeedsRoot {
    /** Where JUnit asks. */
    final class Condition {
        private Condition() {}

        /** Whether the tests run as root. */
        public static boolean holds() throws IOException {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        }
    }
}
