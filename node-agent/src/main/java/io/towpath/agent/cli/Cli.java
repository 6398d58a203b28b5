package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.cni.BuildInfo;
import io.towpath.cni.FailureLine;
import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetlinkTrace;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    private static final String TRACE = "--trace";
    private static final String NETLINK = "netlink";
    private static final String OUTPUT = "--output";
    private static final String TEXT = "text";
    private static final String WIDE = "wide";
    private static final String JSON = "json";
    private static final String YAML = "yaml";
    private static final List<String> FORMATS = List.of(TEXT, WIDE, JSON, YAML);
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final String AS_ROOT = "as root";
    private static final int MOST_CAUSES = 20;

    private final CommandSpec root;
    private final PrintStream out;
    private final PrintStream err;
    private final Terminal terminal;

    /** @param root all that can be asked for */
    public Cli(CommandSpec root, PrintStream out, PrintStream err) {
        this(root, out, err, Terminal.NONE);
    }

    /** As above, with an output that may be a terminal. */
    public Cli(CommandSpec root, PrintStream out, PrintStream err, Terminal terminal) {
        this.terminal = terminal;
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
                    .setColorScheme(CommandLine.Help.defaultColorScheme(terminal.isColoured() ? Ansi.ON : Ansi.OFF))
                    .setUsageHelpWidth(terminal.width())
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
        return describe(CommandSpec.wrapWithoutInspection(action).name(name), description)
                .addOption(OptionSpec.builder(TRACE)
                        .type(String.class)
                        .paramLabel("WHAT")
                        .completionCandidates(List.of(NETLINK))
                        .description("Print every message on stderr: netlink.")
                        .build());
    }

    /** A command that prints text or a document. */
    public static CommandSpec printing(String name, String description, Action action) {
        return command(name, description, action)
                .addOption(OptionSpec.builder("-o", OUTPUT)
                        .type(String.class)
                        .paramLabel("FORMAT")
                        .defaultValue(TEXT)
                        .completionCandidates(FORMATS)
                        .description("How to print: " + String.join(", ", FORMATS) + ".", "Default: " + TEXT)
                        .build());
    }

    /** Whether JSON is wanted, if only to have YAML made of it. */
    public static boolean json(ParseResult options) {
        String format = format(options);
        return format.equals(JSON) || format.equals(YAML);
    }

    /** Whether text is wanted that leaves nothing out for its width. */
    public static boolean wide(ParseResult options) {
        return format(options).equals(WIDE);
    }

    /** Whether what is JSON is to be printed as YAML. */
    static boolean yaml(ParseResult options) {
        return options.commandSpec().findOption(OUTPUT) != null
                && format(options).equals(YAML);
    }

    private static String format(ParseResult options) {
        String format = value(options, OUTPUT);
        if (!FORMATS.contains(format)) {
            throw wrong(options, OUTPUT, "is none of " + String.join(", ", FORMATS));
        }
        return format;
    }

    /**
     * JSON documents as the format asks for them: as they are, or each as one of YAML.
     *
     * @param documents one behind the other
     */
    public static String documents(ParseResult options, String documents) throws IOException {
        if (!yaml(options)) {
            return documents;
        }
        StringBuilder text = new StringBuilder();
        try (MappingIterator<JsonNode> all = MAPPER.readerFor(JsonNode.class).readValues(documents)) {
            while (all.hasNext()) {
                text.append("---\n").append(Yaml.of(all.next()));
            }
        }
        return text.toString();
    }

    /** An option with a text as value. Its default has a line of the help for itself. */
    public static OptionSpec text(String name, String label, String otherwise, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .paramLabel(label)
                .defaultValue(otherwise)
                .description(
                        otherwise.isEmpty()
                                ? new String[] {description}
                                : new String[] {description, "Default: " + otherwise})
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
        String trace = command.matchedOptionValue(TRACE, "");
        if (!trace.isEmpty() && !trace.equals(NETLINK)) {
            throw new ParameterException(
                    command.commandSpec().commandLine(),
                    "Invalid value for option '" + TRACE + "': '" + trace + "' is not " + NETLINK);
        }
        try {
            NetlinkTrace.to(trace.isEmpty() ? null : err);
            Output output = action.run(command);
            boolean isText = command.commandSpec().findOption(OUTPUT) != null && !json(command);
            out.print(isText ? terminal.painted(output.text()) : documents(command, output.text()));
            out.flush();
            return output.exitCode();
        } catch (ParameterException e) {
            throw e;
        } catch (Exception | Error e) {
            return failed(e);
        } finally {
            NetlinkTrace.to(null);
        }
    }

    private int misunderstood(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(command + ": " + FailureLine.of(e) + meant(e) + " (see " + command + " --help)");
        return USAGE;
    }

    /** What may have been meant, behind what was not understood. */
    private static String meant(ParameterException e) {
        if (!(e instanceof CommandLine.UnmatchedArgumentException unmatched)
                || unmatched.getUnmatched().isEmpty()) {
            return "";
        }
        String word = unmatched.getUnmatched().getFirst();
        CommandSpec command = e.getCommandLine().getCommandSpec();
        boolean isOption = word.startsWith("-");
        int equals = isOption ? word.indexOf('=') : -1;
        String meant = Suggestion.of(
                equals < 0 ? word : word.substring(0, equals),
                isOption ? command.optionsMap().keySet() : command.subcommands().keySet());
        return meant == null ? "" : "; did you mean '" + meant + "'?";
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
