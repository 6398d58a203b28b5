package io.towpath.cni.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.BuildInfo;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.LeaseFile;
import io.towpath.ipam.NodeState;
import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.CommandSpec;

class CliTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path disk;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... arguments) {
        out.reset();
        err.reset();
        return Commands.cli(stream(out), stream(err)).run(arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private static PrintStream stream(ByteArrayOutputStream buffer) {
        return new PrintStream(buffer, true, StandardCharsets.UTF_8);
    }

    private void lease(String network, String container) throws Exception {
        JsonNode conf = JSON.readTree("{\"name\": \"" + network + "\", \"ipam\": {\"type\": \"host-local\","
                + " \"subnet\": \"usePodCidr\", \"dataDir\": \"" + disk + "\"}}");
        NodeState state = new NodeState(List.of(IpPrefix.parse("10.1.2.0/24")), 1450);
        HostLocal.of(conf).allocate(new IpamConfigReader(state).read(conf, ""), new Attachment(container, "eth0"));
    }

    @Test
    void version() {
        assertEquals(Cli.OK, run("--version"));
        assertEquals("towpath " + BuildInfo.VERSION + "\n", out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "-h",
                "overlay --help",
                "overlay sync --help",
                "overlay show -h",
                "ipam --help",
                "ipam list --help"
            })
    void help(String arguments) {
        assertEquals(Cli.OK, run(arguments.split(" ", -1)));
        assertTrue(out().startsWith("Usage: towpath "), this::out);
        assertEquals("", err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            overlay                      | towpath overlay: Missing command (see towpath overlay --help)
            bogus                        | towpath: Unmatched argument at index 0: 'bogus' (see towpath --help)
            overlay bogus                | towpath overlay: Unmatched argument at index 1: 'bogus' (see towpath overlay --help)
            ipam list --nope             | towpath ipam list: Unknown option: '--nope' (see towpath ipam list --help)
            ipam list --output           | towpath ipam list: Missing required parameter for option '--output' (FORMAT) (see towpath ipam list --help)
            ipam list --output xml       | towpath ipam list: Invalid value for option '--output': 'xml' is neither text nor json (see towpath ipam list --help)
            """)
    void whatCannotBeUnderstoodIsOneLine(String arguments, String message) {
        assertEquals(Cli.USAGE, run(arguments.split(" ", -1)));
        assertEquals(message + "\n", err());
        assertEquals("", out());
    }

    @Test
    void leasesOfAllNetworksAsText() throws Exception {
        lease("net-a", "c1");
        lease("net-b", "c2");
        assertEquals(Cli.OK, run("ipam", "list", "--data-dir", disk.toString()));
        List<String> lines = out().lines().toList();
        assertEquals(3, lines.size(), this::out);
        assertEquals("NETWORK  ADDRESS   POD  CONTAINER  INTERFACE  SINCE", lines.get(0));
        assertTrue(lines.get(1).startsWith("net-a    10.1.2.2  -    c1         eth0       2"), lines.get(1));
        assertTrue(lines.get(2).startsWith("net-b    10.1.2.2  -    c2 "), lines.get(2));
    }

    @Test
    void leasesOfOneNetworkAsJson() throws Exception {
        lease("net-a", "c1");
        lease("net-b", "c2");
        assertEquals(
                Cli.OK, run("ipam", "list", "--data-dir", disk.toString(), "--network", "net-b", "--output", "json"));
        JsonNode leases = JSON.readTree(out.toByteArray());
        assertEquals(1, leases.size());
        assertEquals("net-b", leases.get(0).path("network").asText());
        assertEquals("10.1.2.2", leases.get(0).path("address").asText());
        assertEquals("c2", leases.get(0).path("containerID").asText());
        assertEquals("eth0", leases.get(0).path("ifname").asText());
    }

    @Test
    void aNetworkThatIsNamedIsThere() throws Exception {
        lease("net-a", "c1");
        assertEquals(Cli.FAILED, run("ipam", "list", "--data-dir", disk.toString(), "--network", "net-b"));
        assertEquals("towpath: there is no network net-b in " + disk + ": there is net-a\n", err());
        assertEquals(Cli.FAILED, run("ipam", "list", "--data-dir", disk + "/none", "--network", "net-b"));
        assertTrue(err().endsWith(": there is none\n"), this::err);
    }

    @Test
    void aLeaseThatCannotBeReadIsListed() {
        IpAddress address = IpAddress.parse("10.1.2.3");
        LeaseFile file = new LeaseFile(
                address, LeaseFile.State.UNREADABLE, new Attachment("", ""), 1, 1_500_000_000_000_000_000L);
        LeaseFile torn = new LeaseFile(address, LeaseFile.State.TORN, new Attachment("", ""), 1, 0);
        List<LeaseRow> rows = LeaseRow.of(List.of(torn, file), "net-a", new PodNames(disk.toString()));
        assertEquals(1, rows.size());
        assertEquals(
                List.of("10.1.2.3", "-", "?", "?", "2017-07-14T02:40:00Z"),
                rows.getFirst().columns());
        ObjectNode json = JSON.createObjectNode();
        rows.getFirst().fill(json);
        assertTrue(json.path("containerID").isNull(), json::toString);
        assertTrue(LeaseRow.remark(rows).contains("1 could not be read (?): run this as root"));
        assertEquals("", LeaseRow.remark(List.of()));
    }

    @Test
    void whoIsRefusedAndNotRootIsToldSo() {
        LinuxException refused = new LinuxException("table list", Errno.EPERM);
        assertEquals("table list: EPERM Operation not permitted: run this as root", Cli.line(refused, false));
        assertEquals("table list: EPERM Operation not permitted", Cli.line(refused, true));
        assertEquals("no lock: run this as root", Cli.line(new IOException("no lock", refused), false));
        assertEquals("/x: run this as root", Cli.line(new AccessDeniedException("/x"), false));
        assertEquals("run this as root, now", Cli.line(new IOException("run this as root, now", refused), false));
        assertEquals("x: EIO Input/output error", Cli.line(new LinuxException("x", Errno.EIO), false));
    }

    @Test
    void noLeases() {
        assertEquals(Cli.OK, run("ipam", "list", "--data-dir", disk + "/none"));
        assertEquals("no leases\n", out());
        assertEquals(Cli.OK, run("ipam", "list", "--data-dir", disk + "/none", "--output=json"));
        assertEquals("[ ]\n", out());
    }

    @Test
    void aFailureIsOneLine() throws Exception {
        Path cluster = Files.writeString(disk.resolve("cluster.json"), "{\n\"network\": 7\n}");
        assertEquals(Cli.FAILED, sync(cluster));
        assertEquals(1, err().lines().count(), this::err);
        assertTrue(err().startsWith("towpath: cluster file " + cluster), this::err);
        assertEquals(Cli.FAILED, sync(disk.resolve("none.json")));
        assertEquals(1, err().lines().count(), this::err);
        assertTrue(Files.notExists(disk.resolve("run/node.json")));
    }

    private String failing(Throwable failure) {
        out.reset();
        err.reset();
        CommandSpec root = Cli.root("towpath", "");
        root.addSubcommand("fail", Cli.command("fail", "", _ -> {
            if (failure instanceof Exception e) {
                throw e;
            }
            throw (Error) failure;
        }));
        assertEquals(Cli.FAILED, new Cli(root, stream(out), stream(err)).run("fail"));
        assertEquals("", out());
        return err();
    }

    @Test
    void whatNobodyForesawIsOneLineToo() {
        for (Throwable failure : List.of(
                new StackOverflowError(),
                new ExceptionInInitializerError(new IllegalStateException("why")),
                new NullPointerException("two\nlines"),
                new NoClassDefFoundError("name"))) {
            String line = failing(failure);
            assertEquals(1, line.lines().count(), line);
            assertTrue(line.startsWith("towpath: internal error: java.lang."), line);
            assertTrue(line.contains(" at io.towpath.cni.cli.CliTest."), "where: " + line);
            assertTrue(line.endsWith("TOWPATH_DEBUG=1 is set\n"), "what to do: " + line);
        }
        assertTrue(failing(new ExceptionInInitializerError(new IllegalStateException("why")))
                .contains("why"));
        assertEquals("towpath: said by who threw it\n", failing(new IllegalArgumentException("said by who threw it")));
    }

    @Test
    void usedUpMemoryIsToldWithWhatGivesMore() {
        for (Throwable failure : List.of(
                new OutOfMemoryError("Java heap space"), new IllegalStateException(new OutOfMemoryError("heap")))) {
            String line = failing(failure);
            assertEquals(1, line.lines().count(), line);
            assertTrue(line.startsWith("towpath: out of memory: "), line);
            assertTrue(line.contains(" MiB of heap are not enough. More is given by -Xmx"), line);
        }
    }

    private int sync(Path cluster) {
        String env = disk + "/subnet.env";
        return run(
                "overlay", "sync", "--cluster", cluster.toString(), "--state-dir", disk + "/run", "--subnet-env", env);
    }

    @Test
    void anOverlayThatIsNotOursIsShown() throws Exception {
        String[] arguments = {
            "overlay", "show", "--cluster", disk + "/none.json", "--state-dir", disk + "/run", "--output", "json"
        };
        assertEquals(Cli.OK, run(arguments));
        assertTrue(JSON.readTree(out.toByteArray()).path("node").isNull(), this::out);
    }
}
