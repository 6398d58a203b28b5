package io.towpath.agent;

import io.towpath.agent.cli.Cli;
import io.towpath.agent.cli.Commands;
import io.towpath.agent.cli.Terminal;

/** The executable {@code towpath-node}: the node's agent, and the operator's commands. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        int exitCode;
        try {
            var _ = System.getProperty("user.dir"); // by which all files are found
        } catch (Error _) {
            System.err.println("towpath-node: the working directory is gone: change to another one, such as /");
            System.exit(Cli.FAILED);
        }
        try {
            exitCode = Commands.cli(System.out, System.err, Terminal.standardOutput())
                    .run(arguments);
        } catch (RuntimeException | Error e) {
            Cli.failed("towpath-node", e, System.err);
            exitCode = Cli.FAILED;
        }
        System.exit(exitCode);
    }
}
