package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.agent.check.Checks;
import io.towpath.agent.check.Finding;
import io.towpath.cni.cli.Cli;
import io.towpath.cni.cli.Columns;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.ClusterSnapshot;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code check}, which needs no agent. */
final class CheckCommand {
    private CheckCommand() {}

    static CommandSpec check() {
        return OverlayCommand.withFiles(Cli.printing(
                        "check",
                        "Looks for what is known to break a node's network, and says what to do. Changes nothing, needs no"
                                + " agent. Fails if anything is broken.",
                        CheckCommand::check))
                .addOption(Cli.text(
                        "--conf-dir", "DIR", InstallCommand.DEFAULT_CONF_DIR, "The runtime's folder of conflists."));
    }

    private static Cli.Output check(ParseResult options) throws LinuxException, OverlayException {
        boolean json = Cli.json(options);
        ClusterSnapshot known;
        try (Rtnl rtnl = Rtnl.open()) {
            known = new Overlay(OverlayCommand.files(options), rtnl).lastKnown();
        }
        List<Finding> findings;
        // Not through a descriptor, which could only be entered with CAP_SYS_ADMIN: the agent's pod has none.
        try (NetNs own = NetNs.own()) {
            findings = Checks.of(
                    own,
                    known == null ? null : known.cluster(),
                    InstallCommand.CONFLIST,
                    Cli.value(options, "--conf-dir"));
        }
        boolean well = findings.stream().noneMatch(finding -> finding.verdict() == Finding.Verdict.FAIL);
        return new Cli.Output(json ? json(findings) : text(findings), well);
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
