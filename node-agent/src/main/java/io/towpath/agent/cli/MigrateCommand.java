package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.cache.Cache;
import io.towpath.agent.migrate.NotYetException;
import io.towpath.agent.migrate.OtherNetwork;
import io.towpath.agent.migrate.Part;
import io.towpath.agent.migrate.Places;
import io.towpath.agent.migrate.Report;
import io.towpath.agent.migrate.WayHere;
import io.towpath.agent.migrate.WayOut;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.netlink.xtables.XTables;
import io.towpath.overlay.OverlayConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code migrate}: the way of this node from another network to Towpath, and back. */
final class MigrateCommand {
    static final String DRY_RUN = "--dry-run";
    private static final String FROM = "--from";
    private static final String BACK = "--back";
    private static final String HAND_OVER = "--hand-over";
    private static final String WAIT = "--wait";
    private static final long LOOK_NANOS = 100_000_000L;

    /** Of names, in a line, of what was done; a dry run tells all. */
    private static final int TOLD = 6;

    private MigrateCommand() {}

    static CommandSpec migrate() {
        return withPlaces(Cli.printing(
                        "migrate",
                        "Removes from this node what another network has left, by the names of its chains, tables,"
                                + " sets, links and files, and of nobody else's; or leads back to it. Stops before a pod"
                                + " would lose its network. May be run again at any time, and does what is left."
                                + " conf/MIGRATION.md has the whole way, and \"kubectl towpath migrate\" goes it.",
                        MigrateCommand::migrate))
                .addOption(Cli.text(FROM, "NETWORK", "", "Which network was here: canal, flannel or kube-proxy."))
                .addOption(flag(BACK, "Goes back to the network that was here, which is kept in the cache's folder."))
                .addOption(flag(
                        HAND_OVER,
                        "Only has new pods come by the other network from now on, with the leases of those"
                                + " that run kept for them."))
                .addOption(flag(DRY_RUN, "Only tells what would be done, in whole lists."))
                .addOption(Cli.text(
                        WAIT,
                        "SECONDS",
                        "0",
                        "How long to wait until the agent of the network that the node goes to has its"
                                + " policies in force."))
                .addOption(Asking.socketOption());
    }

    static OptionSpec flag(String name, String description) {
        return OptionSpec.builder(name)
                .type(boolean.class)
                .description(description)
                .build();
    }

    /** A command with the options that say where everything is. */
    static CommandSpec withPlaces(CommandSpec command) {
        return command.addOption(Cli.text(
                        "--conf-dir", "DIR", InstallCommand.DEFAULT_CONF_DIR, "The runtime's folder of conflists."))
                .addOption(Cli.text(
                        "--bin-dir", "DIR", InstallCommand.DEFAULT_BIN_DIR, "The runtime's folder of executables."))
                .addOption(Cli.text("--cni-dir", "DIR", "/var/lib/cni", "What CNI plugins keep, leases among it."))
                .addOption(Cli.text(
                        "--state-dir", "DIR", OverlayConfig.DEFAULT_STATE_DIRECTORY, "The node state's folder."))
                .addOption(Cli.text("--cache-dir", "DIR", Cache.DEFAULT_FOLDER, "What is kept for a boot."))
                .addOption(Cli.text("--subnet-file", "FILE", OverlayConfig.DEFAULT_SUBNET_ENV, "flannel's subnet.env."))
                .addOption(Cli.text("--xtables-lock", "FILE", XTables.LOCK, "The lock of iptables-legacy."));
    }

    static Places places(ParseResult options) {
        return new Places(
                Cli.value(options, "--conf-dir"),
                Cli.value(options, "--bin-dir"),
                Cli.value(options, "--cni-dir"),
                Cli.value(options, "--state-dir"),
                Cli.value(options, "--cache-dir"),
                Cli.value(options, "--subnet-file"),
                Cli.value(options, "--xtables-lock"));
    }

    static boolean is(ParseResult options, String flag) {
        return options.hasMatchedOption(flag);
    }

    private static Cli.Output migrate(ParseResult options) throws IOException {
        boolean dryRun = is(options, DRY_RUN);
        OtherNetwork from = from(options);
        if ((from == null) != is(options, BACK)) {
            throw new picocli.CommandLine.ParameterException(
                    options.commandSpec().commandLine(), "Give either '" + FROM + "' or '" + BACK + "'");
        }
        Report report = dryRun ? go(options, from) : goWhenReady(options, from, patience(options));
        return new Cli.Output(Cli.json(options) ? json(report, dryRun) : text(report, dryRun), true);
    }

    /** Looks until the way can be gone. */
    private static Report goWhenReady(ParseResult options, @Nullable OtherNetwork from, long nanos) throws IOException {
        long start = System.nanoTime();
        while (true) {
            try {
                return go(options, from);
            } catch (NotYetException e) {
                if (System.nanoTime() - start >= nanos) {
                    throw e;
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    private static Report go(ParseResult options, @Nullable OtherNetwork from) throws IOException {
        boolean dryRun = is(options, DRY_RUN);
        boolean handOver = is(options, HAND_OVER);
        try (Namespaces node = new LinuxNamespaces()) {
            if (from == null) {
                if (!handOver && !dryRun) {
                    requireNoAgent(options, "take its label off the node first");
                }
                return new WayOut(node, places(options), dryRun).back(handOver);
            }
            if (from != OtherNetwork.KUBE_PROXY && !dryRun) {
                InstallCommand.requireReady(options);
            }
            return new WayHere(node, places(options), from, dryRun).go(handOver);
        }
    }

    private static long patience(ParseResult options) {
        String text = Cli.value(options, WAIT);
        if (!text.matches("[0-9]{1,5}")) {
            throw Cli.wrong(options, WAIT, "is no number of seconds, 99999 at most");
        }
        return TimeUnit.SECONDS.toNanos(Integer.parseInt(text));
    }

    private static @Nullable OtherNetwork from(ParseResult options) {
        String name = Cli.value(options, FROM);
        for (OtherNetwork network : OtherNetwork.values()) {
            if (network.toString().equals(name)) {
                return network;
            }
        }
        if (!name.isEmpty()) {
            throw Cli.wrong(
                    options,
                    FROM,
                    "is none of "
                            + Arrays.stream(OtherNetwork.values())
                                    .map(OtherNetwork::toString)
                                    .collect(Collectors.joining(", ")));
        }
        return null;
    }

    /** An agent makes anew what is removed. */
    static void requireNoAgent(ParseResult options, String mend) throws IOException {
        Path socket = Asking.socket(options);
        if (Asking.status(socket) != null) {
            throw new NotYetException("an agent runs on this node and answers on " + socket
                    + ", which would make anew what is removed: " + mend);
        }
    }

    static String text(Report report, boolean dryRun) {
        StringBuilder text = new StringBuilder();
        for (Part part : report.parts()) {
            text.append(part.deed().word(dryRun))
                    .append(": ")
                    .append(part.place())
                    .append(": ");
            int told = dryRun ? part.names().size() : Math.min(part.names().size(), TOLD);
            text.append(String.join("; ", part.names().subList(0, told)));
            if (told < part.names().size()) {
                text.append("; and ").append(part.names().size() - told).append(" more");
            }
            text.append('\n');
        }
        if (report.parts().isEmpty()) {
            text.append("there is nothing to remove\n");
        }
        report.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        return text.toString();
    }

    static String json(Report report, boolean dryRun) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("dryRun", dryRun);
        for (Part.Deed deed : Part.Deed.values()) {
            json.putArray(deed.key());
        }
        for (Part part : report.parts()) {
            ObjectNode each =
                    ((ArrayNode) json.get(part.deed().key())).addObject().put("place", part.place());
            part.names().forEach(each.putArray("names")::add);
        }
        report.notes().forEach(json.putArray("notes")::add);
        return json.toPrettyString() + "\n";
    }
}
