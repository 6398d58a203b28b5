package io.towpath.agent.cli;

import io.towpath.agent.BuildInfo;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line. Commands are built by calls and not by annotations, which an executable without a JVM could only read
 * with a list of all that is to be found by reflection.
 */
public final class Cli {
    /** All went well. */
    public static final int OK = 0;

    /** What was asked for could not be done. */
    public static final int FAILED = 1;

    /** What was asked for could not be understood. */
    public static final int USAGE = 2;

    private static final String NAME = "towpath-node";
    private static final String OUTPUT = "--output";

    private final PrintStream out;
    private final PrintStream err;

    public Cli(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** What a command does. */
    interface Action {
        /** Does it; what fails as a whole is thrown. */
        Output run(ParseResult options) throws Exception;
    }

    /**
     * What a command has to say.
     *
     * @param text its last line ended
     * @param complete whether all was done that was asked for
     */
    record Output(String text, boolean complete) {}

    /**
     * Does what the arguments say. A failure is one line on stderr.
     *
     * @return the exit code: {@link #OK}, {@link #FAILED} or {@link #USAGE}
     */
    public int run(String... arguments) {
        return new CommandLine(commands())
                .setOut(writer(out))
                .setErr(writer(err))
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setExecutionStrategy(this::execute)
                .setParameterExceptionHandler((e, given) -> misunderstood(e))
                .setExecutionExceptionHandler((e, line, parsed) -> failed(e))
                .execute(arguments);
    }

    private CommandSpec commands() {
        CommandSpec root = describe(
                CommandSpec.create().name(NAME),
                "The agent of a Kubernetes node's network, and its operator's commands.");
        root.version(NAME + " " + BuildInfo.VERSION);
        root.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Print the version.")
                .build());
        root.addSubcommand("agent", AgentCommand.agent(err));
        root.addSubcommand("install", InstallCommand.install());
        root.addSubcommand("status", StatusCommand.status());
        CommandSpec overlay = describe(CommandSpec.create().name("overlay"), "The VXLAN overlay of this node.");
        overlay.addSubcommand("show", OverlayCommand.show());
        root.addSubcommand("check", CheckCommand.check());
        root.addSubcommand("overlay", overlay);
        CommandSpec ipam = describe(CommandSpec.create().name("ipam"), "The addresses of this node's pods.");
        ipam.addSubcommand("list", IpamCommand.list());
        root.addSubcommand("ipam", ipam);
        CommandSpec policy = describe(CommandSpec.create().name("policy"), "The network policies on this node.");
        policy.addSubcommand("explain", PolicyCommand.explain());
        policy.addSubcommand("log", PolicyLogCommand.log(out));
        root.addSubcommand("policy", policy);
        return root;
    }

    static CommandSpec describe(CommandSpec command, String description) {
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
    static CommandSpec command(String name, String description, Action action) {
        return describe(CommandSpec.wrapWithoutInspection(action).name(name), description);
    }

    /** A command that prints text or JSON. */
    static CommandSpec printing(String name, String description, Action action) {
        CommandSpec command = command(name, description, action);
        return command.addOption(text(OUTPUT, "FORMAT", "text", "How to print: text or json."));
    }

    /** Whether JSON is wanted. */
    static boolean json(ParseResult options) {
        return switch (value(options, OUTPUT)) {
            case "json" -> true;
            case "text" -> false;
            default -> throw wrong(options, OUTPUT, "is neither text nor json");
        };
    }

    /** An option with a text as value. */
    static OptionSpec text(String name, String label, String otherwise, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .paramLabel(label)
                .defaultValue(otherwise)
                .description(description + (otherwise.isEmpty() ? "" : " Default: " + otherwise))
                .build();
    }

    /** The value of an option that has a default. */
    static String value(ParseResult options, String name) {
        return Objects.requireNonNull(options.matchedOptionValue(
                name, options.commandSpec().findOption(name).defaultValue()));
    }

    /** The exception for an option whose value is not understood. */
    static ParameterException wrong(ParseResult options, String name, String problem) {
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
            return output.complete() ? OK : FAILED;
        } catch (ParameterException e) {
            throw e;
        } catch (Exception e) {
            return failed(e);
        }
    }

    private int misunderstood(ParameterException e) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(command + ": " + line(e) + " (see " + command + " --help)");
        return USAGE;
    }

    private int failed(Exception e) {
        err.println(NAME + ": " + line(e));
        return FAILED;
    }

    private static String line(Exception e) {
        return Objects.requireNonNullElse(e.getMessage(), e.toString()).replace('\n', ' ');
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }
}
