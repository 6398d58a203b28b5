package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.BuildInfo;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code version}. */
final class VersionCommand {
    private VersionCommand() {}

    static CommandSpec version() {
        return Cli.printing(
                        "version",
                        "Prints the version of this executable, and of the agent if one answers.",
                        VersionCommand::version)
                .addOption(Asking.socketOption());
    }

    private static Cli.Output version(ParseResult options) {
        boolean json = Cli.json(options);
        Path socket = Asking.socket(options);
        String agent = null;
        String problem = null;
        try {
            JsonNode status = Asking.status(socket);
            agent = status == null ? null : status.path("version").textValue();
            problem = agent == null ? "no agent answers on " + socket : null;
        } catch (IOException e) {
            problem = e.getMessage();
        }
        return new Cli.Output(json ? json(agent, problem) : text(agent, problem), true);
    }

    private static String json(@Nullable String agent, @Nullable String problem) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("client", BuildInfo.VERSION).put("agent", agent).put("agentProblem", problem);
        return json.toPrettyString() + "\n";
    }

    private static String text(@Nullable String agent, @Nullable String problem) {
        return "client  " + BuildInfo.VERSION + "\nagent   " + (agent == null ? "-: " + problem : agent) + "\n";
    }
}
