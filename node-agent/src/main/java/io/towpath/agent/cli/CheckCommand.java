package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.agent.check.CalicoCheck;
import io.towpath.agent.check.Checks;
import io.towpath.agent.check.ExecutableCheck;
import io.towpath.agent.check.Finding;
import io.towpath.agent.check.StateChecks;
import io.towpath.agent.migrate.Places;
import io.towpath.agent.status.AgentStatus.Unenforced;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code check}, which asks the agent for what it alone knows, and needs none. */
final class CheckCommand {
    private static final String BIN_DIR = "--bin-dir";

    private CheckCommand() {}

    static CommandSpec check() {
        return OverlayCommand.withFiles(Cli.printing(
                        "check",
                        "Looks for what is known to break a node's network, and says what to do. Changes nothing, and"
                                + " needs no agent, but tells that there is none. Fails if anything is broken.",
                        CheckCommand::check))
                .addOption(Cli.text(
                        "--conf-dir", "DIR", InstallCommand.DEFAULT_CONF_DIR, "The runtime's folder of conflists."))
                .addOption(Cli.text(
                        BIN_DIR, "DIR", InstallCommand.DEFAULT_BIN_DIR, "The runtime's folder of executables."))
                .addOption(Asking.socketOption());
    }

    private static Cli.Output check(ParseResult options) throws IOException, OverlayException {
        boolean json = Cli.json(options);
        ClusterSnapshot known;
        try (Rtnl rtnl = Rtnl.open()) {
            known = new Overlay(OverlayCommand.files(options), rtnl).lastKnown();
        }
        JsonNode status = Asking.status(Asking.socket(options));
        StateChecks.AnsweringAgent agent = agent(status);
        String confDir = Cli.value(options, "--conf-dir");
        List<Finding> findings = new ArrayList<>(
                new StateChecks(OverlayCommand.files(options), confDir + "/" + InstallCommand.CONFLIST, agent).all());
        // Not through a descriptor, which could only be entered with CAP_SYS_ADMIN: the agent's pod has none.
        try (NetNs own = NetNs.own()) {
            findings.addAll(Checks.of(own, known == null ? null : known.cluster(), InstallCommand.CONFLIST, confDir));
        }
        findings.add(CalicoCheck.of(agent, unenforced(status)));
        findings.add(ExecutableCheck.of(Cli.value(options, BIN_DIR), InstallCommand.EXECUTABLE));
        findings.add(ExecutableCheck.ofCommands(Cli.value(options, BIN_DIR), Places.NODE_EXECUTABLE));
        boolean well = findings.stream().noneMatch(finding -> finding.verdict() == Finding.Verdict.FAIL);
        return new Cli.Output(json ? json(findings) : text(findings), well);
    }

    /** What the agent says, null if none answers. */
    static StateChecks.@Nullable AnsweringAgent agent(@Nullable JsonNode status) {
        if (status == null) {
            return null;
        }
        // The policies' source is mostly in the same trouble as the nodes', and says it in the same words.
        Set<String> complaints = new LinkedHashSet<>();
        for (String place : List.of("/leftOut", "/source/trouble", "/policy/trouble")) {
            String complaint = status.at(place).textValue();
            if (complaint != null) {
                complaints.add(complaint);
            }
        }
        return new StateChecks.AnsweringAgent(
                status.path("ready").asBoolean()
                        ? null
                        : status.path("notReady").asText(),
                complaints.isEmpty() ? null : String.join("; ", complaints),
                status.path("policy").isObject());
    }

    /** What the agent has found of Calico's objects, null if it has not looked. */
    private static @Nullable Unenforced unenforced(@Nullable JsonNode status) {
        JsonNode found = status == null ? null : status.at("/policy/unenforced");
        if (found == null || !found.isObject()) {
            return null;
        }
        List<String> names = new ArrayList<>();
        found.path("names").forEach(name -> names.add(name.asText()));
        return new Unenforced(
                found.path("count").asInt(), names, found.path("problem").textValue());
    }

    private static String word(Finding finding) {
        return finding.verdict().name().toLowerCase(Locale.ROOT);
    }

    private static String json(List<Finding> findings) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (Finding finding : findings) {
            array.addObject()
                    .put("check", finding.check())
                    .put("verdict", word(finding))
                    .put("found", finding.found())
                    .put("mend", finding.mend());
        }
        return array.toPrettyString() + "\n";
    }

    static String text(List<Finding> findings) {
        List<List<String>> rows = new ArrayList<>();
        for (Finding finding : findings) {
            rows.add(List.of(word(finding), finding.check(), finding.found()));
            if (!finding.mend().isEmpty()) {
                rows.add(List.of("", "", "  mend: " + finding.mend()));
            }
        }
        StringBuilder text = new StringBuilder();
        Columns.append(text, rows);
        return text.toString();
    }
}
