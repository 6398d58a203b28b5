package io.towpath.cni.cli;

import java.io.PrintStream;
import picocli.CommandLine.Model.CommandSpec;

/** What operators can ask of {@code towpath}. */
public final class Commands {
    private Commands() {}

    /** The command line. */
    public static Cli cli(PrintStream out, PrintStream err) {
        CommandSpec root = Cli.root(
                "towpath",
                "The network of a Kubernetes node. Container runtimes call it as a CNI plugin;"
                        + " these commands are for operators.");
        CommandSpec overlay = Cli.group("overlay", "The VXLAN overlay of this node.");
        overlay.addSubcommand("sync", OverlayCommands.sync());
        overlay.addSubcommand("show", OverlayCommands.show());
        CommandSpec ipam = Cli.group("ipam", "The addresses of this node's pods.");
        ipam.addSubcommand("list", IpamCommands.list());
        root.addSubcommand("overlay", overlay);
        root.addSubcommand("ipam", ipam);
        return new Cli(root, out, err);
    }
}
