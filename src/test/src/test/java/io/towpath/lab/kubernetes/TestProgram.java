package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/** A program of somebody else's tests, run from beside the nodes: it ends with the cluster at the latest. */
final class TestProgram {
    private TestProgram() {}

    /**
     * Runs it to its end.
     *
     * @param folder where it runs, and where {@code output.log} has all that it prints
     * @param follower is told each line that it prints
     * @return its exit code
     */
    static int run(KubeCluster cluster, Path folder, Command command, Consumer<String> follower) throws IOException {
        Command both = command.by("env", "-C", folder.toString())
                .by("sh", "-c", "exec \"$@\" 2>&1", "sh")
                .with("PATH", cluster.peers().path())
                .with("HOME", folder.toString())
                .with("KUBECONFIG", cluster.controlPlane().adminConfig().toString());
        Process process = cluster.controlPlane().namespace().background(both);
        try (BufferedReader in =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                BufferedWriter log = Files.newBufferedWriter(folder.resolve("output.log"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                log.write(line);
                log.newLine();
                log.flush(); // who waits reads along
                follower.accept(line);
            }
        }
        return process.onExit().join().exitValue();
    }

    /** Tells of a case that has ended, as {@link Report} does. */
    static void tell(String verdict, String what, String seconds) {
        System.out.printf(Locale.ROOT, "  %-7s %-90s %10s%n", verdict, shortened(what), seconds);
    }

    private static String shortened(String what) {
        return what.length() <= 90 ? what : what.substring(0, 87) + "...";
    }
}
