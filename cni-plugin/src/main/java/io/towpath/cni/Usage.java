package io.towpath.cni;

import java.io.PrintStream;

/** What a person is told who calls the executable by hand, without {@code CNI_COMMAND} and with arguments. */
final class Usage {
    /** What was asked for could not be understood. */
    static final int NOT_UNDERSTOOD = 2;

    private static final String NAME = "towpath";
    private static final String TEXT = """
            Usage: towpath [--help | --version]
            The CNI plugin of a Kubernetes node. Container runtimes call it: the variable CNI_COMMAND names the verb (ADD, DEL, CHECK,
            GC, STATUS or VERSION), the network configuration comes on stdin, and the result goes to stdout.

            Commands for operators, such as "overlay show", "overlay sync" and "ipam list": see towpath-node --help
            """;

    private Usage() {}

    /** Answers what was asked for, and returns the exit code. */
    static int answer(String[] arguments, PrintStream out, PrintStream err) {
        String words = String.join(" ", arguments);
        return switch (words) {
            case "--help", "-h" -> said(TEXT, out);
            case "--version", "-V" -> said(NAME + " " + BuildInfo.VERSION + "\n", out);
            default -> {
                err.println(
                        NAME + ": no command " + FailureLine.oneLine(words)
                                + ": this is a CNI plugin, which container runtimes call. Operators' commands: towpath-node --help");
                yield NOT_UNDERSTOOD;
            }
        };
    }

    private static int said(String text, PrintStream out) {
        out.print(text);
        out.flush();
        return 0;
    }
}
