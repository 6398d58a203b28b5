package io.towpath.agent.cli;

import java.io.PrintStream;
import picocli.CommandLine.Model.CommandSpec;

/** The agent itself, and what operators can ask of {@code towpath-node}. */
public final class Commands {
    private Commands() {}

    /** The command line, with an output that is no terminal. */
    public static Cli cli(PrintStream out, PrintStream err) {
        return cli(out, err, Terminal.NONE);
    }

    /** The command line. */
    public static Cli cli(PrintStream out, PrintStream err, Terminal terminal) {
        return new Cli(root(out, err), out, err, terminal);
    }

    static CommandSpec root(PrintStream out, PrintStream err) {
        CommandSpec root =
                Cli.root("towpath-node", "The agent of a Kubernetes node's network, and its operator's commands.");
        root.addSubcommand("agent", AgentCommand.agent(err));
        root.addSubcommand("install", InstallCommand.install());
        root.addSubcommand("migrate", MigrateCommand.migrate());
        root.addSubcommand("uninstall", UninstallCommand.uninstall());
        root.addSubcommand("status", StatusCommand.status());
        CommandSpec overlay = Cli.group("overlay", "The VXLAN overlay of this node.");
        overlay.addSubcommand("show", OverlayCommand.show());
        overlay.addSubcommand("sync", OverlayCommand.sync());
        root.addSubcommand("check", CheckCommand.check());
        root.addSubcommand("overlay", overlay);
        CommandSpec ipam = Cli.group("ipam", "The addresses of this node's pods.");
        ipam.addSubcommand("list", IpamCommand.list());
        root.addSubcommand("ipam", ipam);
        CommandSpec endpoint = Cli.group("endpoint", "The interfaces of this node's pods.");
        endpoint.addSubcommand("list", EndpointCommand.list());
        root.addSubcommand("endpoint", endpoint);
        CommandSpec policy = Cli.group("policy", "The network policies on this node.");
        policy.addSubcommand("list", PolicyListCommand.list());
        policy.addSubcommand("explain", PolicyCommand.explain(err));
        policy.addSubcommand("log", PolicyLogCommand.log(out));
        root.addSubcommand("policy", policy);
        CommandSpec debug = Cli.group("debug", "What helps others to see what is wrong with this node.");
        debug.addSubcommand("dump", DebugCommand.dump(out, err));
        root.addSubcommand("debug", debug);
        root.addSubcommand("version", VersionCommand.version());
        root.addSubcommand("completion", CompletionCommand.completion());
        return root;
    }
}
