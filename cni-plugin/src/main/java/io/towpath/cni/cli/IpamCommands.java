package io.towpath.cni.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.Lease;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code towpath ipam}. */
final class IpamCommands {
    private static final String ALL = "all";
    private static final List<String> COLUMNS = List.of("NETWORK", "ADDRESS", "POD", "CONTAINER", "INTERFACE", "SINCE");

    private IpamCommands() {}

    /** A lease as it is printed. */
    private record Row(
            String network, Lease lease, @Nullable String pod) {
        List<String> columns() {
            return List.of(
                    network,
                    lease.address().toString(),
                    pod == null ? "-" : pod,
                    lease.attachment().containerId(),
                    lease.attachment().interfaceName(),
                    since());
        }

        String since() {
            return Instant.ofEpochMilli(lease.since())
                    .truncatedTo(ChronoUnit.SECONDS)
                    .toString();
        }
    }

    static CommandSpec list() {
        return Cli.printing(
                        "list", "Print the leases and whose they are. Locks and changes nothing.", IpamCommands::list)
                .addOption(Cli.text("--data-dir", "DIR", IpamConfig.DEFAULT_DATA_DIR, "The folder of the leases."))
                .addOption(Cli.text("--network", "NAME", ALL, "The network."))
                .addOption(PodNames.option());
    }

    private static Cli.Output list(ParseResult options) throws IOException {
        boolean json = Cli.json(options);
        String dataDir = Cli.value(options, "--data-dir");
        String wanted = Cli.value(options, "--network");
        PodNames pods = PodNames.of(options);
        List<Row> rows = new ArrayList<>();
        for (String network : wanted.equals(ALL) ? networks(dataDir) : List.of(wanted)) {
            for (Lease lease : HostLocal.of(dataDir, network).list()) {
                rows.add(new Row(network, lease, pods.of(network, lease.attachment())));
            }
        }
        return new Cli.Output(json ? json(rows) : text(rows), true);
    }

    private static List<String> networks(String dataDir) throws IOException {
        List<String> networks = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(Path.of(dataDir), Files::isDirectory)) {
            for (Path folder : folders) {
                String name = folder.getFileName().toString();
                if (!name.startsWith(".")) {
                    networks.add(name);
                }
            }
        } catch (NoSuchFileException e) {
            return List.of();
        }
        networks.sort(null);
        return networks;
    }

    private static String json(List<Row> rows) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        for (Row row : rows) {
            array.addObject()
                    .put("network", row.network)
                    .put("address", row.lease.address().toString())
                    .put("pod", row.pod)
                    .put("containerID", row.lease.attachment().containerId())
                    .put("ifname", row.lease.attachment().interfaceName())
                    .put("since", row.since());
        }
        return array.toPrettyString() + "\n";
    }

    private static String text(List<Row> rows) {
        if (rows.isEmpty()) {
            return "no leases\n";
        }
        List<List<String>> lines = new ArrayList<>();
        lines.add(COLUMNS);
        rows.forEach(row -> lines.add(row.columns()));
        StringBuilder text = new StringBuilder();
        Columns.append(text, lines);
        return text.toString();
    }
}
