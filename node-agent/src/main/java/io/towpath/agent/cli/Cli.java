package io.towpath.agent.cli;

import io.towpath.cni.BuildInfo;
import io.towpath.cni.FailureLine;
import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line of an executable. Commands are built by calls and not by annotations, which an executable without a JVM could only read
 * with a list of all that is to be found by reflection.
 */
public final class Cli {
    /** All went well. */
    public static final int OK = 0;

    /** What was asked for could not be done. */
    public static final int FAILED = 1;

    /** What was asked for could not be understood. */
    public static final int USAGE = 2;

    private static final String OUTPUT = "--output";
    private static final String AS_ROOT = "as root";
    private static final int MOST_CAUSES = 20;

    private final CommandSpec root;
    private final PrintStream out;
    private final PrintStream err;

    /** @param root all that can be asked for */
    public Cli(CommandSpec root, PrintStream out, PrintStream err) {
        this.root = root;
        this.out = out;
        this.err = err;
    }

    /** What a command does. */
    public interface Action {
        /** Does it; what fails as a whole is thrown. */
        Output run(ParseResult options) throws Exception;
    }

    /**
     * What a command has to say.
     *
     * @param text its last line ended
     * @param exitCode {@link #OK}, or what the command's description says
     */
    public record Output(String text, int exitCode) {
        /** @param complete whether all was done that was asked for */
        public Output(String text, boolean complete) {
            this(text, complete ? OK : FAILED);
        }
    }

    /**
     * Does what the arguments say. A failure, whatever it is, is one line on stderr.
     *
     * @return the exit code: {@link #OK}, {@link #FAILED}, {@link #USAGE} or the command's own
     */
    public int run(String... arguments) {
        try {
            return new CommandLine(root)
                    .setOut(writer(out))
                    .setErr(writer(err))
                    .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                    .setExecutionStrategy(this::execute)
                    .setParameterExceptionHandler((e, given) -> misunderstood(e))
                    .setExecutionExceptionHandler((e, line, parsed) -> failed(e))
                    .execute(arguments);
        } catch (RuntimeException | Error e) {
            return failed(e);
        }
    }

    /** The command that has all others of an executable. */
    public static CommandSpec root(String name, String description) {
        CommandSpec root = group(name, description);
        root.version(name + " " + BuildInfo.VERSION);
        return root.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Print the version.")
                .build());
    }

    /** A command that has others. */
    public static CommandSpec group(String name, String description) {
        return describe(CommandSpec.create().name(name), description);
    }

    private static CommandSpec describe(CommandSpec command, String description) {
        command.usageMessage()
                .description(description)
                .commandListHeading("%nCommands:%n")
                .optionListHeading("%nOptions:%n");
        command.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Print this help.")
                .build());
        return command;
    }

    /** A command that does something. */
    public static CommandSpec command(String name, String description, Action action) {
        return describe(CommandSpec.wrapWithoutInspection(action).name(name), description);
    }

    /** A command that prints text or JSON. */
    public static CommandSpec printing(String name, String description, Action action) {
        CommandSpec command = command(name, description, action);
        return command.addOption(text(OUTPUT, "FORMAT", "text", "How to print: text or json."));
    }

    /** Whether JSON is wanted. */
    public static boolean json(ParseResult options) {
        return switch (value(options, OUTPUT)) {
            case "json" -> true;
            case "text" -> false;
            default -> throw wrong(options, OUTPUT, "is neither text nor json");
        };
    }

    /** An option with a text as value. */
    public static OptionSpec text(String name, String label, String otherwise, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .paramLabel(label)
                .defaultValue(otherwise)
                .description(description + (otherwise.isEmpty() ? "" : " Default: " + otherwise))
                .build();
    }

    /** The value of an option that has a default. */
    public static String value(ParseResult options, String name) {
        return Objects.requireNonNull(options.matchedOptionValue(
                name, options.commandSpec().findOption(name).defaultValue()));
    }

    /** The exception for an option whose value is not understood. */
    public static ParameterException wrong(ParseResult options, String name, String problem) {
        return new ParameterException(
                options.commandSpec().commandLine(),
                "Invalid value for option '" + name + "': '" + value(options, name) + "' " + problem);
    }

    private int execute(ParseResult parsed) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        ParseResult command = parsed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        if (!(command.commandSpec().userObject() instanceof Action action)) {
            throw new ParameterException(command.commandSpec().commandLine(), "Missing command");
        }
        try {
            Output output = action.run(command);
            out.print(output.text());
            out.flush();
            return output.exitCode();
        } catch (ParameterException e) {
            throw e;
        } catch (Exception | Error e) {
            return failed(e);
        }
    }

    private int misunderstood(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(command + ": " + FailureLine.of(e) + " (see " + command + " --help)");
        return USAGE;
    }

    private int failed(Throwable e) {
        failed(root.name(), e, err);
        return FAILED;
    }

    /** Tells of what ends an executable. */
    public static void failed(String executable, Throwable failure, PrintStream err) {
        err.println(executable + ": " + line(failure, isRoot()));
        FailureLine.trace(failure, err);
    }

    /** Who is not root is told that it takes root, where the kernel has refused something. */
    static String line(Throwable failure, boolean root) {
        String line = FailureLine.of(failure);
        return root || !isRefused(failure) || line.contains(AS_ROOT) ? line : line + ": run this " + AS_ROOT;
    }

    private static boolean isRefused(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < MOST_CAUSES && cause != null; i++) {
            if (cause instanceof AccessDeniedException
                    || (cause instanceof LinuxException e && (e.is(Errno.EPERM) || e.is(Errno.EACCES)))) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    private static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException _) {
            return true; // without /proc nobody can tell
        }
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }
}
