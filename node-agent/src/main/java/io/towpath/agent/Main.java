package io.towpath.agent;

import io.towpath.agent.cli.Commands;

/** The executable {@code towpath-node}: the node's agent, and the operator's commands. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        System.exit(Commands.cli(System.out, System.err).run(arguments));
    }
}
