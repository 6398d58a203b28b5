package io.towpath.agent.check;

import java.nio.file.Files;
import java.nio.file.Path;

/** Whether the runtime finds the executable that our network configuration names. */
public final class ExecutableCheck {
    private static final String CHECK = "cni-executable";
    private static final String COMMANDS = "node-executable";

    /** Puts into place again what was deleted or harmed. */
    static final String MEND =
            "delete this node's pod of DaemonSet kube-system/towpath: the next one installs it; without Kubernetes, put"
                    + " it there as README.md says";

    private ExecutableCheck() {}

    /**
     * Looks for it.
     *
     * @param folder the runtime's folder of executables
     * @param name the executable's
     */
    public static Finding of(String folder, String name) {
        Path file = Path.of(folder, name);
        if (Files.notExists(Path.of(folder))) {
            return Finding.ok(CHECK, "not looked at, as there is no " + folder + " here");
        }
        if (Files.notExists(file)) {
            return Finding.fail(CHECK, "there is no " + file + ": no pod can be added or deleted", MEND);
        }
        return Files.isRegularFile(file) && Files.isExecutable(file)
                ? Finding.ok(CHECK, file + " is there, and can be run")
                : Finding.fail(CHECK, file + " cannot be run: no pod can be added or deleted", MEND);
    }

    /**
     * Looks for that by which commands are given on the node. Nothing else needs it.
     *
     * @param folder the runtime's folder of executables
     * @param name the executable's
     */
    public static Finding ofCommands(String folder, String name) {
        Path file = Path.of(folder, name);
        if (Files.notExists(file)) {
            return Finding.ok(COMMANDS, "not looked at, as there is no " + file + " here");
        }
        return Files.isRegularFile(file) && Files.isExecutable(file)
                ? Finding.ok(COMMANDS, file + " is there, and can be run")
                : Finding.warn(COMMANDS, file + " cannot be run", MEND);
    }
}
