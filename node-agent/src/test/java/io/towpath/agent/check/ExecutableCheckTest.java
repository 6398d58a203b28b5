package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.check.Finding.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutableCheckTest {
    @TempDir
    private Path folder = Path.of("");

    private Finding look() {
        return ExecutableCheck.of(folder.toString(), "towpath");
    }

    @Test
    void anExecutableThatIsNotThereOrCannotBeRun() throws IOException {
        assertEquals(Verdict.FAIL, look().verdict());
        assertTrue(look().found().startsWith("there is no " + folder.resolve("towpath")), look()::toString);
        assertTrue(look().mend().contains("pod of DaemonSet kube-system/towpath"), look()::toString);
        Path file = Files.writeString(folder.resolve("towpath"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertTrue(look().found().contains("cannot be run"), look()::toString);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(Verdict.OK, look().verdict());
        Files.delete(file);
        Files.createDirectory(file);
        assertEquals(Verdict.FAIL, look().verdict());
    }

    @Test
    void whereTheRuntimesFolderIsNotSeenNothingIsSaid() {
        assertEquals(Verdict.OK, ExecutableCheck.of(folder + "/none", "towpath").verdict());
    }
}
