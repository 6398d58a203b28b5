package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A page for operators, of which the lab does the blocks marked {@code sh}, word for word, as the cluster's administrator. */
final class Guide {
    private static final String BEGIN = "```sh";
    private static final String END = "```";
    private static final int MINUTES = 15;

    private final KubeCluster cluster;
    private final Path root;
    private final Path folder;
    private final List<String> lines;
    private int runs;

    /** @param folder where commands are given, with what they read */
    Guide(KubeCluster cluster, Path root, String page, Path folder) throws IOException {
        this.cluster = cluster;
        this.root = root;
        this.folder = folder;
        lines = Files.readAllLines(root.resolve(page));
    }

    /** What the blocks below a heading say, up to the next heading. */
    String under(String heading) {
        int at = lines.indexOf(heading);
        if (at < 0) {
            throw new AssertionError("the page has no heading " + heading);
        }
        List<String> commands = new ArrayList<>();
        boolean inside = false;
        for (String line : lines.subList(at + 1, lines.size())) {
            if (!inside && line.startsWith("#")) {
                break;
            }
            if (inside && line.equals(END)) {
                inside = false;
            } else if (inside) {
                commands.add(line);
            } else {
                inside = line.equals(BEGIN);
            }
        }
        if (commands.isEmpty()) {
            throw new AssertionError("the page has no commands below " + heading);
        }
        return String.join("\n", commands);
    }

    /** Does what a heading's blocks say, with a node for {@code $NODE}. */
    String follow(String heading, String node) throws IOException, InterruptedException {
        return succeeded(run(under(heading), node));
    }

    /** What a command came to. */
    record Outcome(int exit, String said) {}

    private static String succeeded(Outcome outcome) {
        if (outcome.exit != 0) {
            throw new AssertionError("exit code " + outcome.exit + ":\n" + outcome.said);
        }
        return outcome.said;
    }

    /** Gives commands to a shell in which {@code kubectl} finds the project's plugin. */
    Outcome run(String commands, String node) throws IOException, InterruptedException {
        Path log = cluster.logs().resolve("guide-" + ++runs + ".log");
        String path = root.resolve("conf") + ":"
                + Objects.requireNonNull(Path.of(cluster.peers().of("kubectl")).getParent())
                + ":/usr/sbin:/usr/bin:/sbin:/bin";
        Command command = Command.of("bash", "-ec", "cd \"$FOLDER\"\n" + commands)
                .with("PATH", path)
                .with("HOME", folder.toString())
                .with("FOLDER", folder.toString())
                .with("NODE", node)
                .with("KUBECONFIG", cluster.controlPlane().adminConfig().toString());
        Process process = cluster.controlPlane().namespace().background(command, log);
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError("no end after " + MINUTES + " minutes:\n" + Files.readString(log));
        }
        return new Outcome(process.exitValue(), Files.readString(log));
    }
}
