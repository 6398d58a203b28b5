package io.towpath.agent.cli;

import io.towpath.cni.cli.Cli;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.OverlayView;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code overlay show}, which asks the kernel and no agent. */
final class OverlayCommand {
    private OverlayCommand() {}

    static CommandSpec show() {
        return withFiles(Cli.printing(
                "show",
                "Prints the overlay as the kernel has it, and what is not as it must be.",
                OverlayCommand::show));
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
        return new Cli.Output(json ? view.toJson().toPrettyString() + "\n" : view.toText(), true);
    }
}
