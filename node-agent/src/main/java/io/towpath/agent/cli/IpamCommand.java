package io.towpath.agent.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.status.AgentStatus.Fill;
import io.towpath.agent.status.StatusJson;
import io.towpath.cni.cli.Cli;
import io.towpath.cni.cli.Columns;
import io.towpath.cni.cli.LeaseRow;
import io.towpath.cni.cli.PodNames;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.RangeFill;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Files;
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

    private IpamCommand() {}

    /** The network of a conflist, as its plugin {@code towpath} has it. */
    record Network(String name, JsonNode conf) {}

    static CommandSpec list() {
        return OverlayCommand.withFiles(withConf(Cli.printing(
                        "list",
                        "Prints the leases, whose they are, and how full the ranges are. Locks and changes nothing.",
                        IpamCommand::list)))
                .addOption(PodNames.option());
    }

    static CommandSpec withConf(CommandSpec command) {
        return command.addOption(Cli.text(
                CNI_CONF,
                "FILE",
                "/etc/cni/net.d/" + InstallCommand.CONFLIST,
                "The conflist, which says where the leases are and what the ranges are."));
    }

    private static Cli.Output list(ParseResult options) throws IOException, IpamException {
        boolean json = Cli.json(options);
        Network network = network(Cli.value(options, CNI_CONF));
        List<LeaseRow> leases = LeaseRow.of(HostLocal.of(network.conf).files(), network.name, PodNames.of(options));
        List<Fill> fills = fills(options, network);
        return new Cli.Output(
                json ? json(leases, fills) : text(leases, fills),
                leases.stream().allMatch(LeaseRow::isReadable));
    }

    /** How full the ranges are. */
    static List<Fill> fills(ParseResult options) throws IOException, IpamException {
        return fills(options, network(Cli.value(options, CNI_CONF)));
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
        StatusText.appendFills(text, StatusJson.fills(fills));
        if (leases.isEmpty()) {
            return text.append("\nno leases\n").toString();
        }
        text.append('\n');
        List<List<String>> rows = new ArrayList<>();
        rows.add(LeaseRow.HEADS);
        leases.forEach(lease -> rows.add(lease.columns()));
        Columns.append(text, rows);
        return text.append(LeaseRow.remark(leases)).toString();
    }
}
