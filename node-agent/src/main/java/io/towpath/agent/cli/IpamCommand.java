package io.towpath.agent.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.status.AgentStatus.Fill;
import io.towpath.agent.status.StatusJson;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.RangeFill;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code ipam list}, which asks the leases on disk and no agent. */
final class IpamCommand {
    /** Where they are if the conflist does not say. */
    private static final String LEASES = "/var/lib/cni/networks";

    private static final int LIMIT = 1 << 20;
    private static final String CNI_CONF = "--cni-conf";
    private static final String DATA_DIR = "--data-dir";
    private static final String NETWORK = "--network";

    private IpamCommand() {}

    /** The network of a conflist, as its plugin {@code towpath} has it. */
    record Network(String name, JsonNode conf) {}

    static CommandSpec list() {
        return OverlayCommand.withFiles(withConf(Cli.printing(
                        "list",
                        "Prints the leases, whose they are, and how full the ranges are. Locks and changes nothing.",
                        IpamCommand::list)))
                .addOption(
                        Cli.text(
                                DATA_DIR,
                                "DIR",
                                "",
                                "The folder of the leases of all networks, instead of the conflist's; how full ranges are is not known then."))
                .addOption(Cli.text(NETWORK, "NAME", "", "One network of --data-dir. Default: all of them"))
                .addOption(PodNames.option());
    }

    static CommandSpec withConf(CommandSpec command) {
        return command.addOption(Cli.text(
                CNI_CONF,
                "FILE",
                "/etc/cni/net.d/" + InstallCommand.CONFLIST,
                "The conflist, which says where the leases are and what the ranges are."));
    }

    /** The conflist by {@link #withConf}. */
    static String conf(ParseResult options) {
        return Cli.value(options, CNI_CONF);
    }

    private static Cli.Output list(ParseResult options) throws IOException, IpamException {
        boolean json = Cli.json(options);
        List<LeaseRow> leases = new ArrayList<>();
        List<Fill> fills = List.of();
        PodNames pods = PodNames.of(options);
        String dataDir = Cli.value(options, DATA_DIR);
        if (!dataDir.isEmpty()) {
            for (String network : networks(dataDir, Cli.value(options, NETWORK))) {
                leases.addAll(LeaseRow.of(HostLocal.of(dataDir, network).files(), network, pods));
            }
        } else if (options.hasMatchedOption(NETWORK)) {
            throw Cli.wrong(options, NETWORK, "is heeded with " + DATA_DIR + " alone: a conflist has one network");
        } else {
            Network network = network(conf(options));
            leases.addAll(LeaseRow.of(HostLocal.of(network.conf).files(), network.name, pods));
            fills = fills(options, network);
        }
        return new Cli.Output(
                json ? json(leases, fills) : text(leases, fills),
                leases.stream().allMatch(LeaseRow::isReadable));
    }

    /** The networks that have a folder, or the one that is wanted. */
    private static List<String> networks(String dataDir, String wanted) throws IOException {
        List<String> networks = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(Path.of(dataDir), Files::isDirectory)) {
            for (Path folder : folders) {
                String name = folder.getFileName().toString();
                if (!name.startsWith(".")) {
                    networks.add(name);
                }
            }
        } catch (NoSuchFileException _) {
            networks.clear(); // no folder, no lease
        }
        networks.sort(null);
        if (wanted.isEmpty()) {
            return networks;
        }
        if (!networks.contains(wanted)) {
            throw new IOException("there is no network " + wanted + " in " + dataDir + ": there "
                    + (networks.isEmpty() ? "is none" : "is " + String.join(", ", networks)));
        }
        return List.of(wanted);
    }

    /** How full the ranges are. */
    static List<Fill> fills(ParseResult options) throws IOException, IpamException {
        return fills(options, network(conf(options)));
    }

    private static List<Fill> fills(ParseResult options, Network network) throws IOException, IpamException {
        IpamConfigReader reader = new IpamConfigReader(
                Cli.value(options, "--state-dir") + "/node.json", Cli.value(options, "--subnet-file"));
        IpamConfig config = reader.read(network.conf, "");
        Path folder = Path.of(network.conf.path("ipam").path("dataDir").asText(LEASES))
                .getParent();
        if (folder != null && Files.notExists(folder)) {
            // As in a container that has nothing of it: no lease is one thing, not to see any another.
            throw new IOException("how many addresses are leased cannot be seen here, as there is no " + folder);
        }
        List<Fill> fills = new ArrayList<>();
        for (RangeFill fill : HostLocal.of(network.conf).fill(config)) {
            fills.add(new Fill(network.name, fill.set().toString(), fill.capacity(), fill.taken()));
        }
        return fills;
    }

    /**
     * Reads a conflist.
     *
     * @throws IOException with one line if it is missing, or is none with a plugin towpath
     */
    static Network network(String file) throws IOException {
        byte[] content;
        try {
            content = Linux.readFile(file, LIMIT);
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (content == null) {
            throw new IOException("there is no conflist " + file + ": name another with " + CNI_CONF);
        }
        return network(file, content);
    }

    /** As {@link #network(String)}, of what was read already. */
    static Network network(String file, byte[] content) throws IOException {
        JsonNode json;
        try {
            json = new JsonMapper().readTree(content);
        } catch (JsonProcessingException e) {
            throw new IOException("conflist " + file + " is not JSON: " + e.getOriginalMessage(), e);
        }
        String name = json.path("name").asText("");
        for (JsonNode plugin : json.path("plugins")) {
            if (plugin.path("type").asText("").equals(InstallCommand.EXECUTABLE) && plugin instanceof ObjectNode own) {
                if (name.isEmpty()) {
                    throw new IOException("conflist " + file + " has no \"name\": give its network one");
                }
                ObjectNode conf = own.deepCopy();
                conf.put("name", name);
                conf.put("cniVersion", json.path("cniVersion").asText(""));
                return new Network(name, conf);
            }
        }
        throw new IOException("conflist " + file + " has no plugin of type " + InstallCommand.EXECUTABLE);
    }

    private static String json(List<LeaseRow> leases, List<Fill> fills) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("ranges", StatusJson.fills(fills));
        ArrayNode array = json.putArray("leases");
        leases.forEach(lease -> lease.fill(array.addObject()));
        return json.toPrettyString() + "\n";
    }

    private static String text(List<LeaseRow> leases, List<Fill> fills) {
        StringBuilder text = new StringBuilder();
        if (!fills.isEmpty()) {
            StatusText.appendFills(text, StatusJson.fills(fills));
            text.append('\n');
        }
        if (leases.isEmpty()) {
            return text.append("no leases\n").toString();
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(LeaseRow.HEADS);
        leases.forEach(lease -> rows.add(lease.columns()));
        Columns.append(text, rows);
        return text.append(LeaseRow.remark(leases)).toString();
    }
}
