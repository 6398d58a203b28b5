package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Threads that begin in a process whose file descriptors are really used up. */
@NeedsRoot
class WithoutDescriptorsKernelTest {
    private static final int LIMIT = 512;

    @TempDir
    private Path folder;

    @Test
    void whatCannotBeginForWantOfADescriptorBeginsWhenThereAreSome() throws Exception {
        try (TestNamespace node = new TestNamespace()) {
            node.ip("link", "set", "lo", "up");
            Path java = Path.of(System.getProperty("java.home"), "bin", "java");
            String name = String.valueOf(Path.of(node.path()).getFileName());
            List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", name));
            command.addAll(List.of("prlimit", "--nofile=" + LIMIT, java.toString()));
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", jars()));
            command.addAll(List.of(WithoutDescriptors.class.getName(), folder.toString()));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), said);
        }
    }

    /** The class path without folders: classes of an open file need no descriptor each. */
    private String jars() throws IOException {
        List<String> jars = new ArrayList<>();
        String path = System.getProperty("java.class.path");
        for (String each : path.split(Pattern.quote(File.pathSeparator), -1)) {
            jars.add(Files.isDirectory(Path.of(each)) ? jar(Path.of(each), jars.size()) : each);
        }
        return String.join(File.pathSeparator, jars);
    }

    private String jar(Path classes, int number) throws IOException {
        Path jar = folder.resolve(number + ".jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
        return jar.toString();
    }
}
