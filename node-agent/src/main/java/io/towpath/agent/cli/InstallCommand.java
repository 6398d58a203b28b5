package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.check.Checks;
import io.towpath.agent.migrate.NotYetException;
import io.towpath.agent.migrate.Places;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.overlay.OverlayConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code install}: puts the CNI executable and the conflist where the container runtime looks. */
final class InstallCommand {
    static final String EXECUTABLE = "towpath";
    static final String CONFLIST = "10-towpath.conflist";
    static final String DEFAULT_BIN_DIR = "/opt/cni/bin";
    static final String DEFAULT_CONF_DIR = "/etc/cni/net.d";

    private static final int EXECUTABLE_MODE = 0x1ed; // 0755
    private static final int CONFLIST_MODE = 0x1a4; // 0644
    private static final int CONFLIST_LIMIT = 1 << 20;
    private static final String OWN = "--node-executable";
    private static final String BIN_DIR = "--bin-dir";
    private static final String CONF_DIR = "--conf-dir";

    private InstallCommand() {}

    /** A file in its place. */
    private record Placed(String path, boolean changed) {}

    static CommandSpec install() {
        return Cli.printing(
                        "install",
                        "Puts the CNI executable and the conflist where the container runtime looks, and towpath-node"
                                + " for commands on the node beside the executable, each as a whole, once the node is"
                                + " ready. Removes nothing of others; what is in place already is left alone.",
                        InstallCommand::install)
                .addOption(Cli.text("--executable", "FILE", "/opt/towpath/towpath", "The CNI executable."))
                .addOption(Cli.text(OWN, "FILE", "/proc/self/exe", "towpath-node."))
                .addOption(Cli.text("--conflist", "FILE", "/etc/towpath/" + CONFLIST, "The conflist."))
                .addOption(Cli.text(BIN_DIR, "DIR", DEFAULT_BIN_DIR, "The runtime's folder of executables."))
                .addOption(Cli.text(CONF_DIR, "DIR", DEFAULT_CONF_DIR, "The runtime's folder of conflists."))
                .addOption(Cli.text(
                        "--state-dir", "DIR", OverlayConfig.DEFAULT_STATE_DIRECTORY, "The node state's folder."))
                .addOption(Asking.socketOption());
    }

    private static Cli.Output install(ParseResult options) throws IOException {
        boolean json = Cli.json(options);
        String executable = Cli.value(options, "--executable");
        requireContent("executable", executable);
        String conflistFile = Cli.value(options, "--conflist");
        byte[] conflist = conflist(conflistFile);
        IpamCommand.network(conflistFile, conflist);
        requireReady(options);
        String binDir = Cli.value(options, BIN_DIR);
        String confDir = Cli.value(options, CONF_DIR);
        List<Placed> placed = new ArrayList<>();
        // The conflist last: with it, the runtime begins to call the executable.
        placed.add(placeExecutable(executable, binDir, EXECUTABLE));
        placed.add(placeConflist(conflist, confDir));
        List<String> warnings = warnings(binDir, confDir);
        try {
            placed.add(placeExecutable(Cli.value(options, OWN), binDir, Places.NODE_EXECUTABLE));
        } catch (IOException e) {
            // The network needs it not, and what is in the way is nothing that trying again and again would mend.
            warnings.add("there are no commands on the node: " + e.getMessage());
        }
        return new Cli.Output(json ? json(placed, warnings) : text(placed, warnings), true);
    }

    private static void requireContent(String what, String file) throws IOException {
        Path path = Path.of(file);
        String problem = Files.notExists(path)
                ? "there is no " + what + " " + file
                : !Files.isRegularFile(path)
                        ? what + " " + file + " is no file"
                        : Files.size(path) == 0 ? "there is nothing in " + what + " " + file : null;
        if (problem != null) {
            throw new IOException(problem + ": name another with --" + what);
        }
    }

    private static byte[] conflist(String file) throws IOException {
        requireContent("conflist", file);
        try {
            return Objects.requireNonNullElseGet(Linux.readFile(file, CONFLIST_LIMIT), () -> new byte[0]);
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** By the agent's word or, where none answers, by the file that says which slice the node has. */
    static void requireReady(ParseResult options) throws IOException {
        Path socket = Asking.socket(options);
        JsonNode status = Asking.status(socket);
        String stateFile = Cli.value(options, "--state-dir") + "/node.json";
        if (status == null && !Files.exists(Path.of(stateFile))) {
            throw new NotYetException("the node is not ready: no agent answers on " + socket + ", and there is no "
                    + stateFile + "; start the agent first");
        }
        // What is left out of the overlay keeps no pod from all else.
        if (status != null && !status.path("servesPods").asBoolean()) {
            throw new NotYetException(
                    "the node is not ready: " + status.path("notReady").asText() + "; try again when it is");
        }
    }

    private static Placed placeExecutable(String executable, String folder, String name) throws IOException {
        try {
            Linux.makeDirectories(folder, EXECUTABLE_MODE);
            boolean changed = Linux.copy(executable, folder, name, EXECUTABLE_MODE);
            return new Placed(folder + "/" + name, changed);
        } catch (LinuxException e) {
            throw failure(e, folder, name, BIN_DIR);
        }
    }

    /** What was read and understood, not what the file has meanwhile. */
    private static Placed placeConflist(byte[] content, String folder) throws IOException {
        try {
            Linux.makeDirectories(folder, EXECUTABLE_MODE);
            boolean changed = Linux.place(folder, CONFLIST, content, CONFLIST_MODE);
            return new Placed(folder + "/" + CONFLIST, changed);
        } catch (LinuxException e) {
            throw failure(e, folder, CONFLIST, CONF_DIR);
        }
    }

    /** With the mend, where the kernel's word lets it be known. */
    private static IOException failure(LinuxException e, String folder, String name, String option) {
        String mend = switch (e.errno()) {
            case Errno.ENOSPC, Errno.EDQUOT ->
                "make room on the disk of " + folder + "; what was there is in place still";
            case Errno.EROFS -> folder + " is read-only: mount it writable, or name another with " + option;
            case Errno.EISDIR -> folder + "/" + name + " is a folder: remove it, or name another place with " + option;
            case Errno.ENOTDIR -> folder + " is no folder: remove what is there, or name another with " + option;
            case Errno.EACCES, Errno.EPERM ->
                "run this as root, in a container with the capability DAC_OVERRIDE where " + folder
                        + " belongs to somebody else";
            default -> "";
        };
        return new IOException(e.getMessage() + (mend.isEmpty() ? "" : ": " + mend), e);
    }

    private static List<String> warnings(String binDir, String confDir) throws IOException {
        List<String> warnings = new ArrayList<>();
        for (String first : sortedFirst(confDir)) {
            warnings.add(confDir + "/" + first + " sorts before " + CONFLIST + ", so the runtime takes that: "
                    + Checks.mendOf(first));
        }
        if (!Files.exists(Path.of(binDir, "loopback"))) {
            warnings.add(binDir + " has no plugin loopback, which containerd asks for: install the reference plugins");
        }
        return warnings;
    }

    /** The network configurations that a runtime would take before ours. */
    static List<String> sortedFirst(String confDir) throws IOException {
        List<String> names;
        try {
            names = Linux.list(confDir);
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
        return names.stream()
                .filter(name -> name.endsWith(".conf") || name.endsWith(".conflist") || name.endsWith(".json"))
                .filter(name -> name.compareTo(CONFLIST) < 0)
                .sorted()
                .toList();
    }

    private static String json(List<Placed> placed, List<String> warnings) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode files = json.putArray("files");
        placed.forEach(each -> files.addObject().put("path", each.path).put("changed", each.changed));
        warnings.forEach(json.putArray("warnings")::add);
        return json.toPrettyString() + "\n";
    }

    private static String text(List<Placed> placed, List<String> warnings) {
        StringBuilder text = new StringBuilder();
        placed.forEach(each -> text.append(each.path).append(each.changed ? " written\n" : " is in place already\n"));
        warnings.forEach(warning -> text.append("warning: ").append(warning).append('\n'));
        return text.toString();
    }
}
