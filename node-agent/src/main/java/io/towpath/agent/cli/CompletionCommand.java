package io.towpath.agent.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command {@code completion}, which prints a script for a shell. */
final class CompletionCommand {
    private static final List<String> SHELLS = List.of("bash", "zsh", "fish");

    private CompletionCommand() {}

    static CommandSpec completion() {
        return Cli.command(
                        "completion",
                        "Prints a script that has a shell complete commands and options: source <(towpath-node completion"
                                + " bash), the same with zsh, or towpath-node completion fish | source.",
                        CompletionCommand::completion)
                .addPositional(PositionalParamSpec.builder()
                        .index("0")
                        .type(String.class)
                        .paramLabel("SHELL")
                        .required(true)
                        .completionCandidates(SHELLS)
                        .description("One of " + String.join(", ", SHELLS) + ".")
                        .build());
    }

    private static Cli.Output completion(ParseResult options) {
        String shell = options.matchedPositionalValue(0, "");
        CommandLine root = options.commandSpec().root().commandLine();
        return switch (shell) {
            case "bash", "zsh" -> new Cli.Output(AutoComplete.bash(root.getCommandName(), root), true);
            case "fish" -> new Cli.Output(fish(root.getCommandSpec()), true);
            default ->
                throw new ParameterException(
                        options.commandSpec().commandLine(),
                        "'" + shell + "' is no shell that is known: name one of " + String.join(", ", SHELLS));
        };
    }

    private static String fish(CommandSpec root) {
        StringBuilder script = new StringBuilder();
        script.append("complete -c ").append(root.name()).append(" -f\n");
        append(script, root.name(), root, new ArrayList<>());
        return script.toString();
    }

    /** @param path the commands that lead to this one, without the root */
    private static void append(StringBuilder script, String executable, CommandSpec command, List<String> path) {
        String condition = condition(command, path);
        for (Map.Entry<String, CommandLine> each : command.subcommands().entrySet()) {
            script.append("complete -c ").append(executable).append(condition);
            script.append(" -a ").append(each.getKey()).append(" -d ");
            script.append(quoted(description(each.getValue().getCommandSpec()))).append('\n');
        }
        for (OptionSpec option : command.options()) {
            script.append("complete -c ").append(executable).append(condition);
            for (String name : option.names()) {
                script.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
            }
            if (option.completionCandidates() != null) {
                script.append(" -x -a ").append(quoted(String.join(" ", option.completionCandidates())));
            } else if (option.arity().max() > 0) {
                script.append(" -r -F");
            }
            script.append(" -d ").append(quoted(option.description()[0])).append('\n');
        }
        for (PositionalParamSpec each : command.positionalParameters()) {
            if (each.completionCandidates() != null) {
                script.append("complete -c ").append(executable).append(condition);
                script.append(" -a ")
                        .append(quoted(String.join(" ", each.completionCandidates())))
                        .append('\n');
            }
        }
        command.subcommands().forEach((name, each) -> {
            List<String> deeper = new ArrayList<>(path);
            deeper.add(name);
            append(script, executable, each.getCommandSpec(), deeper);
        });
    }

    /** The words of the path were typed, and none of the command's own yet. */
    private static String condition(CommandSpec command, List<String> path) {
        List<String> terms = new ArrayList<>();
        path.forEach(word -> terms.add("__fish_seen_subcommand_from " + word));
        if (path.isEmpty()) {
            terms.add("__fish_use_subcommand");
        } else if (!command.subcommands().isEmpty()) {
            terms.add("not __fish_seen_subcommand_from "
                    + String.join(" ", command.subcommands().keySet()));
        }
        return " -n " + quoted(String.join("; and ", terms));
    }

    private static String description(CommandSpec command) {
        return command.usageMessage().description()[0];
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
