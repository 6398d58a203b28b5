package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.debug.Dump;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.status.Heartbeat;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

@NeedsRoot
class DebugCommandTest extends CliScene {
    private static final String SECRET = "pLaNtEd-0123456789";

    private Endpoints agentThatLogs(String event, String detail) throws Exception {
        Log log = new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
        log.info(event, "detail", detail);
        log.problem("source", "https://me:" + SECRET + "@api.example refuses");
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, disk.resolve("agent.sock")),
                board,
                List.of(new Heartbeat("reconcile", Duration.ofMinutes(1))),
                null,
                "1.2.3",
                log);
    }

    private String tar(String... words) throws Exception {
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @Test
    void whatOpensSomethingIsLeftOut() throws Exception {
        Path conf = Files.writeString(disk.resolve("secret.conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "towpath",
                  "kubernetes": {"k8s_auth_token": "%1$s", "kubeconfig": "/etc/kubeconfig"},
                  "passwords": ["other", "%1$s"], "credentials": {"user": "a", "is": "%1$s"}, "args": ["--token", "%1$s"],
                  "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%2$s", "password": "a %1$s b"}}]}
                """.formatted(SECRET, disk.resolve("leases")));
        Path leases = Files.createDirectories(disk.resolve("leases/net"));
        Files.writeString(leases.resolve("10.1.2.9"), "container-nine\r\neth0");
        Path file = disk.resolve("dump.tar.gz");
        try (Endpoints _ = agentThatLogs("something happened", "Authorization: Bearer " + SECRET)) {
            Ran ran = Ran.of(
                    "debug",
                    "dump",
                    "--file",
                    file.toString(),
                    "--cni-conf",
                    conf.toString(),
                    "--socket",
                    disk.resolve("agent.sock").toString());
            assertEquals(new Ran(Cli.OK, "wrote " + file + "\n", ""), ran);
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        List<String> names = tar("tar", "-tzf", file.toString()).lines().toList();
        for (String each : List.of(
                "status.json",
                "log.txt",
                "links.txt",
                "routes.txt",
                "fdb.txt",
                "nftables.txt",
                "leases.json",
                "conflist.json",
                "problems.txt")) {
            assertTrue(names.contains("towpath/" + each), names::toString);
        }
        String all = tar("tar", "-xzOf", file.toString());
        assertFalse(all.contains(SECRET), all);
        for (String there : List.of(
                "something happened",
                "container-nine",
                "k8s_auth_token",
                "usePodCidr",
                "api.example refuses",
                "name=lo",
                "\"version\" : \"1.2.3\"")) {
            assertTrue(all.contains(there), () -> there + " in " + all);
        }
        Ran again = Ran.of("debug", "dump", "--file", file.toString());
        assertEquals(Cli.FAILED, again.code());
        assertEquals(
                "towpath-node: " + file + " is there already: remove it, or name another with --file\n", again.err());
    }

    @Test
    void withoutAnAgentItHasWhatTheKernelShows() throws Exception {
        Path file = disk.resolve("dump.tar.gz");
        Ran ran = Ran.of(
                "debug",
                "dump",
                "--file",
                file.toString(),
                "--cni-conf",
                disk.resolve("none").toString(),
                "--socket",
                disk.resolve("none").toString());
        assertEquals(Cli.FAILED, ran.code(), "it is incomplete");
        assertTrue(ran.out().startsWith("wrote " + file + "\n"), ran.out());
        assertTrue(ran.out().contains("without status.json: no agent answers on "), ran.out());
        assertTrue(ran.out().endsWith("the archive is incomplete: 7 parts are missing\n"), ran.out());
        assertTrue(tar("tar", "-xzOf", file.toString(), "towpath/links.txt").contains("name=lo"));
        assertTrue(tar("tar", "-xzOf", file.toString(), "towpath/problems.txt").contains("there is no conflist "));
    }

    @Test
    void toStdoutItIsToldBesideTheArchiveWhatIsMissing() {
        Ran ran = Ran.of(
                "debug", "dump", "--file", "-", "--socket", disk.resolve("none").toString());
        assertEquals(Cli.FAILED, ran.code());
        assertTrue(ran.err().contains("without status.json: no agent answers on "), ran.err());
        assertTrue(ran.err().contains("the archive is incomplete: "), ran.err());
        assertFalse(ran.out().contains("without"));
    }

    @Test
    void aMistakeLeavesNoFile() {
        Path file = disk.resolve("dump.tar.gz");
        Dump dump = new Dump();
        dump.add("mistake.txt", () -> {
            throw new StackOverflowError();
        });
        assertThrows(StackOverflowError.class, () -> DebugCommand.write(dump, file, Instant.EPOCH));
        assertFalse(Files.exists(file));
    }
}
