package io.towpath.agent.cli;

import io.towpath.agent.migrate.Part;
import io.towpath.agent.migrate.Places;
import io.towpath.agent.migrate.Report;
import io.towpath.agent.migrate.WayOut;
import io.towpath.agent.source.kube.AnnotationNames;
import io.towpath.agent.source.kube.ApiAccess;
import io.towpath.agent.source.kube.NodeWithdrawal;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code uninstall}: removes from this node what is Towpath's. */
final class UninstallCommand {
    private static final String DEVICES = "--devices";
    private static final String PODS = "--pods";
    private static final String KEEP_NODE = "--keep-node";

    private UninstallCommand() {}

    static CommandSpec uninstall() {
        CommandSpec command = MigrateCommand.withPlaces(Cli.printing(
                        "uninstall",
                        "Removes from this node what is Towpath's and nothing else: conflist, executables, nftables"
                                + " tables, state, the node's annotations and its condition. Pods that run, and their"
                                + " leases, stay.",
                        UninstallCommand::uninstall))
                .addOption(MigrateCommand.flag(DEVICES, "Removes the overlay's devices, too."))
                .addOption(MigrateCommand.flag(
                        PODS, "Removes links and leases of pods that run, too: they are off the network then."))
                .addOption(MigrateCommand.flag(
                        KEEP_NODE, "Leaves the node's annotations and condition, as where flanneld goes on."))
                .addOption(MigrateCommand.flag(MigrateCommand.DRY_RUN, "Only tells what would be removed."))
                .addOption(Asking.socketOption());
        SourceOptions.addAccess(command);
        return command;
    }

    private static Cli.Output uninstall(ParseResult options) throws IOException, InterruptedException {
        boolean json = Cli.json(options);
        boolean dryRun = MigrateCommand.is(options, MigrateCommand.DRY_RUN);
        if (!dryRun) {
            MigrateCommand.requireNoAgent(options, "end it first, as by deleting its DaemonSet");
        }
        List<Part> parts = new ArrayList<>();
        if (!MigrateCommand.is(options, KEEP_NODE)) {
            parts.add(withdraw(options, System.getenv(), dryRun));
        }
        Places places = MigrateCommand.places(options);
        Report report;
        try (Namespaces node = new LinuxNamespaces()) {
            report = new WayOut(node, places, dryRun)
                    .leave(MigrateCommand.is(options, DEVICES), MigrateCommand.is(options, PODS));
        }
        parts.addAll(report.parts());
        Report whole = new Report(parts, report.notes());
        return new Cli.Output(json ? MigrateCommand.json(whole, dryRun) : MigrateCommand.text(whole, dryRun), true);
    }

    /** Before all else: where the API is away, nothing is removed yet. */
    private static Part withdraw(ParseResult options, Map<String, String> environment, boolean dryRun)
            throws IOException, InterruptedException {
        AnnotationNames names = SourceOptions.names(options);
        ApiAccess access =
                SourceOptions.access(options, environment, ", or leave the node as it is in the API with " + KEEP_NODE);
        String node = SourceOptions.node(options, environment);
        if (!dryRun) {
            try {
                NodeWithdrawal.write(access, node, names, SourceOptions.condition(options));
            } catch (IOException e) {
                throw new IOException(
                        e.getMessage() + "; with " + KEEP_NODE + " the node stays as it is in the API", e);
            }
        }
        List<String> gone = new ArrayList<>();
        if (SourceOptions.condition(options)) {
            gone.add("condition NetworkUnavailable");
        }
        gone.addAll(NodeWithdrawal.annotations(names));
        return new Part("node " + node, gone);
    }
}
