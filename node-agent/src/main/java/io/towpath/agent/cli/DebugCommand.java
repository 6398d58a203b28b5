package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.agent.debug.Dump;
import io.towpath.cni.BuildInfo;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.LeaseFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code debug dump}. */
final class DebugCommand {
    private static final String FILE = "--file";
    private static final String STANDARD_OUTPUT = "-";

    private DebugCommand() {}

    static CommandSpec dump(PrintStream out, PrintStream err) {
        return IpamCommand.withConf(Cli.command(
                        "dump",
                        "Writes one archive for whoever is to help: status, log, links, addresses, routes, forwarding"
                                + " entries, nftables, policies and leases, without tokens, passwords and keys. Exits with"
                                + " 1 if a part is missing, as where no agent answers.",
                        options -> dump(options, out, err)))
                .addOption(Cli.text(
                        FILE,
                        "FILE",
                        "towpath-debug.tar.gz",
                        "The archive, which must not be there yet; - for stdout."))
                .addOption(Asking.socketOption());
    }

    private static Cli.Output dump(ParseResult options, PrintStream out, PrintStream err) throws IOException {
        Instant now = Instant.now();
        Dump dump = new Dump();
        Path socket = Asking.socket(options);
        dump.add("version.txt", () -> BuildInfo.VERSION + " at " + now + "\n");
        dump.add("status.json", () -> asked(socket, "/status").toPrettyString() + "\n");
        dump.add("endpoints.json", () -> asked(socket, "/policy/endpoints").toPrettyString() + "\n");
        if (hasPolicies(socket)) {
            dump.add("policies.json", () -> asked(socket, "/policy/list").toPrettyString() + "\n");
            dump.add("denials.json", () -> asked(socket, "/policy/log").toPrettyString() + "\n");
        }
        dump.add("log.txt", () -> log(asked(socket, "/log")));
        String conf = IpamCommand.conf(options);
        dump.add("conflist.json", () -> IpamCommand.network(conf).conf().toPrettyString() + "\n");
        dump.add("leases.json", () -> leases(conf));
        String file = Cli.value(options, FILE);
        if (file.equals(STANDARD_OUTPUT)) {
            ByteArrayOutputStream archive = new ByteArrayOutputStream();
            List<String> problems = dump.write(archive, now);
            archive.writeTo(out);
            err.print(missing(problems));
            return new Cli.Output("", problems.isEmpty());
        }
        List<String> problems = write(dump, Path.of(file), now);
        return new Cli.Output("wrote " + file + "\n" + missing(problems), problems.isEmpty());
    }

    /** What an archive has not, a line each, and that it is not whole. */
    private static String missing(List<String> problems) {
        StringBuilder text = new StringBuilder();
        problems.forEach(each -> text.append("without ").append(each).append('\n'));
        return problems.isEmpty()
                ? ""
                : text.append("the archive is incomplete: ")
                        .append(problems.size())
                        .append(problems.size() == 1 ? " part is" : " parts are")
                        .append(" missing\n")
                        .toString();
    }

    /** Whether the agent enforces any; also if that cannot be asked, as what is missing is to be told then. */
    private static boolean hasPolicies(Path socket) {
        try {
            JsonNode status = Asking.status(socket);
            return status == null || status.path("policy").isObject();
        } catch (IOException _) {
            return true;
        }
    }

    /**
     * Writes an archive to a file that is not there yet; if that fails, however it does, the file is not there either.
     *
     * @return what the archive has not
     */
    static List<String> write(Dump dump, Path file, Instant now) throws IOException {
        SeekableByteChannel channel;
        try {
            channel = Files.newByteChannel(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException e) {
            throw new IOException(file + " is there already: remove it, or name another with " + FILE, e);
        }
        boolean isWritten = false;
        try (channel) {
            List<String> problems = dump.write(Channels.newOutputStream(channel), now);
            isWritten = true;
            return problems;
        } finally {
            if (!isWritten) {
                Files.delete(file);
            }
        }
    }

    private static JsonNode asked(Path socket, String target) throws IOException {
        JsonNode answer = Asking.get(socket, target);
        if (answer == null) {
            throw new IOException("no agent answers on " + socket);
        }
        return answer;
    }

    private static String log(JsonNode answer) {
        StringBuilder text = new StringBuilder();
        answer.path("lines").forEach(each -> text.append(each.asText()).append('\n'));
        return text.toString();
    }

    private static String leases(String conf) throws Exception {
        ArrayNode json = JsonNodeFactory.instance.arrayNode();
        for (LeaseFile each : HostLocal.of(IpamCommand.network(conf).conf()).files()) {
            json.addObject()
                    .put("address", each.address().toString())
                    .put("state", each.state().toString())
                    .put("containerID", each.attachment().containerId())
                    .put("ifname", each.attachment().interfaceName())
                    .put("modified", Instant.ofEpochSecond(0, each.modified()).toString());
        }
        return json.toPrettyString() + "\n";
    }
}
