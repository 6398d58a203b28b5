package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a run was of: the commit of the tree, the versions that scripts/conformance.d pins, and the machine. */
final class Versions {
    /** A program, and its module in the folder of modules. */
    private static final Map<String, String> MODULES = modules();

    private static final int COMMIT_LENGTH = 7;

    private Versions() {}

    private static Map<String, String> modules() {
        Map<String, String> modules = new LinkedHashMap<>();
        modules.put("Kubernetes", "kubernetes k8s.io/kubernetes");
        modules.put("etcd", "etcd go.etcd.io/etcd/server/v3");
        modules.put("containerd", "containerd github.com/containerd/containerd/v2");
        modules.put("runc", "runc github.com/opencontainers/runc");
        modules.put("flanneld", "flannel github.com/flannel-io/flannel");
        modules.put("CNI's reference plugins", "cni github.com/containernetworking/plugins");
        modules.put("CoreDNS", "coredns github.com/coredns/coredns");
        modules.put("network-policy-api", "network-policy-api sigs.k8s.io/network-policy-api");
        return modules;
    }

    /** The versions of programs, of Linux, and how many processors there are. */
    static Map<String, String> programs(Path root) throws IOException {
        Map<String, String> programs = new LinkedHashMap<>();
        for (Map.Entry<String, String> each : MODULES.entrySet()) {
            String[] where = each.getValue().split(" ", -1);
            Path file = root.resolve("scripts/conformance.d/modules/" + where[0] + "/go.mod");
            programs.put(each.getKey(), pinned(Files.readString(file), where[1]));
        }
        String release = Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip();
        programs.put("Linux", release.replaceFirst("^(\\d+\\.\\d+).*", "$1"));
        programs.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        return programs;
    }

    /** The version of a module that a go.mod requires by itself. */
    private static String pinned(String file, String module) {
        Matcher line = Pattern.compile("^(?:require |\\t)" + Pattern.quote(module) + " v(\\S+)$", Pattern.MULTILINE)
                .matcher(file);
        if (!line.find()) {
            throw new IllegalStateException("no go.mod requires " + module);
        }
        return line.group(1);
    }

    /**
     * The commit of a tree.
     *
     * @throws IllegalStateException if it has no commit, or there is more in it than the commit has: results of it would be nobody's
     */
    static String commit(Path root) {
        String changed = git(root, "status", "--porcelain", "--", ".", ":(exclude)docs", ":(exclude)README.md");
        if (!changed.isBlank()) {
            throw new IllegalStateException(
                    "results are of a commit, and this tree has changes: commit them first, or leave --write out\n"
                            + changed);
        }
        return git(root, "rev-parse", "--short=" + COMMIT_LENGTH, "HEAD").strip();
    }

    /** The tree may be another user's than root's. */
    private static String git(Path root, String... words) {
        Command.Outcome outcome = Command.of("git", "-c", "safe.directory=*", "-C", root.toString())
                .and(words)
                .run();
        if (outcome.exit() != 0) {
            throw new IllegalStateException("results are of a commit, and " + root + " has none: "
                    + outcome.err().strip());
        }
        return outcome.out();
    }
}
