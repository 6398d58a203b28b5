package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.OverlayPlan;
import io.towpath.overlay.OverlayView;
import io.towpath.overlay.SyncReport;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The commands {@code overlay show} and {@code overlay sync}, which go by the kernel and the node's files, and ask no agent. */
final class OverlayCommand {
    private OverlayCommand() {}

    static CommandSpec show() {
        return withFiles(Cli.printing(
                "show",
                "Prints the overlay as the kernel has it, and what is not as it must be.",
                OverlayCommand::show));
    }

    static CommandSpec sync() {
        return withFiles(Cli.printing(
                "sync",
                "Makes the overlay what the cluster file says, and prints what had to be changed. Not beside an agent that follows"
                        + " Kubernetes.",
                OverlayCommand::sync));
    }

    /** A command with the options that say where the node's files are. */
    static CommandSpec withFiles(CommandSpec command) {
        return command.addOption(
                        Cli.text("--cluster-file", "FILE", OverlayConfig.DEFAULT_CLUSTER_FILE, "The cluster file."))
                .addOption(Cli.text(
                        "--state-dir", "DIR", OverlayConfig.DEFAULT_STATE_DIRECTORY, "The node state's folder."))
                .addOption(
                        Cli.text("--subnet-file", "FILE", OverlayConfig.DEFAULT_SUBNET_ENV, "flannel's subnet.env."));
    }

    static OverlayConfig files(ParseResult options) {
        return new OverlayConfig(
                Cli.value(options, "--cluster-file"),
                Cli.value(options, "--state-dir"),
                Cli.value(options, "--subnet-file"));
    }

    /** What the kernel shows. */
    static OverlayView view(ParseResult options) throws NetlinkException, OverlayException {
        try (Rtnl rtnl = Rtnl.open()) {
            return new Overlay(files(options), rtnl).show();
        }
    }

    private static Cli.Output show(ParseResult options) throws NetlinkException, OverlayException {
        boolean json = Cli.json(options);
        OverlayView view = view(options);
        return new Cli.Output(
                json ? view.toJson().toPrettyString() + "\n" : view.toText(),
                view.pending().isEmpty());
    }

    private static Cli.Output sync(ParseResult options) throws NetlinkException, OverlayException {
        boolean json = Cli.json(options);
        SyncReport report;
        try (Rtnl rtnl = Rtnl.open()) {
            report = new Overlay(files(options), rtnl).sync();
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
