package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** A disk with a node's files, and an agent that can be asked. */
abstract class CliScene {
    static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path disk;

    final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));

    Endpoints agent() throws IOException {
        Log log = new Log(System.err, Log.Form.TEXT, Log.Level.ERROR, Clock.systemUTC());
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, disk.resolve("agent.sock")),
                board,
                List.of(new Heartbeat("reconcile", Duration.ofMinutes(1))),
                null,
                "1.2.3",
                log);
    }

    Path conflist() throws IOException {
        return Files.writeString(disk.resolve("own.conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
                  {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%s"}}]}
                """.formatted(disk.resolve("leases")));
    }

    void nodeState() throws IOException {
        Files.writeString(disk.resolve("node.json"), "{\"node\":\"a\",\"slices\":[\"10.1.2.0/24\"],\"mtu\":1450}");
    }

    Ran run(String words, String... more) {
        List<String> arguments = new ArrayList<>(List.of(words.split(" ", -1)));
        arguments.addAll(List.of("--state-dir", disk.toString()));
        arguments.addAll(List.of(more));
        return Ran.of(arguments.toArray(String[]::new));
    }
}
