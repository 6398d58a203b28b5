package io.towpath.agent;

import io.towpath.agent.cli.Cli;

/** The executable {@code towpath-node}: the node's agent, and the operator's commands. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        System.exit(new Cli(System.out, System.err).run(arguments));
    }
}
