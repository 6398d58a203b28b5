package io.towpath.cni.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.OverlayPlan;
import io.towpath.overlay.OverlayView;
import io.towpath.overlay.SyncReport;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code towpath overlay}. */
final class OverlayCommands {
    private OverlayCommands() {}

    static CommandSpec sync() {
        return withFiles(Cli.printing(
                "sync",
                "Make the overlay what the cluster file says, and print what had to be changed.",
                OverlayCommands::sync));
    }

    static CommandSpec show() {
        return withFiles(Cli.printing(
                "show",
                "Print the overlay as the kernel has it, and what a sync would change.",
                OverlayCommands::show));
    }

    private static CommandSpec withFiles(CommandSpec command) {
        return command.addOption(Cli.text("--cluster", "FILE", OverlayConfig.DEFAULT_CLUSTER_FILE, "The cluster file."))
                .addOption(Cli.text(
                        "--state-dir",
                        "DIR",
                        OverlayConfig.DEFAULT_STATE_DIRECTORY,
                        "The folder of the node state file."))
                .addOption(Cli.text(
                        "--subnet-env", "FILE", OverlayConfig.DEFAULT_SUBNET_ENV, "The file that flannel writes."));
    }

    private static OverlayConfig config(ParseResult options) {
        return new OverlayConfig(
                Cli.value(options, "--cluster"), Cli.value(options, "--state-dir"), Cli.value(options, "--subnet-env"));
    }

    private static Cli.Output show(ParseResult options) throws OverlayException, IOException {
        boolean json = Cli.json(options);
        try (Rtnl rtnl = Rtnl.open()) {
            OverlayView view = new Overlay(config(options), rtnl).show();
            return new Cli.Output(json ? view.toJson().toPrettyString() + "\n" : view.toText(), true);
        }
    }

    private static Cli.Output sync(ParseResult options) throws OverlayException, IOException {
        boolean json = Cli.json(options);
        SyncReport report;
        try (Rtnl rtnl = Rtnl.open()) {
            report = new Overlay(config(options), rtnl).sync();
        }
        List<String> failures =
                report.failures().stream().map(OverlayPlan.Failure::toString).toList();
        if (json) {
            ObjectNode document = JsonNodeFactory.instance.objectNode();
            report.changes().forEach(document.putArray("changes")::add);
            failures.forEach(document.putArray("failures")::add);
            report.warnings().forEach(document.putArray("warnings")::add);
            return new Cli.Output(document.toPrettyString() + "\n", failures.isEmpty());
        }
        StringBuilder text = new StringBuilder();
        report.changes().forEach(change -> text.append(change).append('\n'));
        failures.forEach(failure -> text.append("failed: ").append(failure).append('\n'));
        report.warnings()
                .forEach(warning -> text.append("warning: ").append(warning).append('\n'));
        return new Cli.Output(text.isEmpty() ? "nothing to change\n" : text.toString(), failures.isEmpty());
    }
}
