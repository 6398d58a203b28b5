package io.towpath.cni.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code towpath ipam}. */
final class IpamCommands {
    private static final String ALL = "all";

    private IpamCommands() {}

    /** A lease as it is printed. */
    private record Row(String network, LeaseRow lease) {
        List<String> columns() {
            List<String> columns = new ArrayList<>(List.of(network));
            columns.addAll(lease.columns());
            return columns;
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
        List<String> networks = networks(dataDir);
        if (!wanted.equals(ALL) && !networks.contains(wanted)) {
            throw new IOException("there is no network " + wanted + " in " + dataDir + ": there "
                    + (networks.isEmpty() ? "is none" : "is " + String.join(", ", networks)));
        }
        for (String network : wanted.equals(ALL) ? networks : List.of(wanted)) {
            for (LeaseRow lease : LeaseRow.of(HostLocal.of(dataDir, network).files(), network, pods)) {
                rows.add(new Row(network, lease));
            }
        }
        return new Cli.Output(json ? json(rows) : text(rows), rows.stream().allMatch(row -> row.lease.isReadable()));
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
            row.lease.fill(array.addObject().put("network", row.network));
        }
        return array.toPrettyString() + "\n";
    }

    private static String text(List<Row> rows) {
        if (rows.isEmpty()) {
            return "no leases\n";
        }
        List<List<String>> lines = new ArrayList<>();
        List<String> heads = new ArrayList<>(List.of("NETWORK"));
        heads.addAll(LeaseRow.HEADS);
        lines.add(heads);
        rows.forEach(row -> lines.add(row.columns()));
        StringBuilder text = new StringBuilder();
        Columns.append(text, lines);
        return text.append(LeaseRow.remark(rows.stream().map(Row::lease).toList()))
                .toString();
    }
}
