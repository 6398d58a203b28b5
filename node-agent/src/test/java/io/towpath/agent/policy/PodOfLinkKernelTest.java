package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the CNI executable is told before it gives the host port of one pod to another: 410 takes it away, nothing else does.
 */
@NeedsRoot
class PodOfLinkKernelTest {
    private static final int LONG_MS = 60_000;

    @TempDir
    private Path folder;

    private final PolicyScene scene = new PolicyScene();
    private final PolicyScene.Pod a = scene.pod("a", "10.64.1.2");
    private final PolicyScene.Pod b = scene.pod("b", "10.64.1.3");

    @BeforeEach
    void start() throws Exception {
        scene.start();
        scene.know(a, "uid-a");
    }

    @AfterEach
    void close() {
        scene.close();
    }

    private Endpoints serve() throws IOException {
        StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, socket()),
                board,
                List.of(),
                scene.controller(),
                "1.2.3",
                scene.logger);
    }

    private Path socket() {
        return folder.resolve("agent.sock");
    }

    /** The status of the answer. */
    private int ask(PolicyScene.Pod pod) throws IOException {
        String question = "GET /policy/pods?link=" + pod.link() + " HTTP/1.1\r\n\r\n";
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket()));
            client.write(ByteBuffer.wrap(question.getBytes(StandardCharsets.US_ASCII)));
            String answer = new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 "), answer);
            return Integer.parseInt(answer.substring(9, 12));
        }
    }

    private void handOver(PolicyScene.Pod pod) throws Exception {
        assertNull(scene.controller()
                .handOver(pod.handover("uid-" + pod.name(), LONG_MS))
                .get(20, TimeUnit.SECONDS));
    }

    @Test
    void podThatTheApiHasNotToldOfYetKeepsItsPort() throws Exception {
        try (Endpoints _ = serve()) {
            scene.tell();
            handOver(b);
            assertEquals(503, ask(b));
            scene.know(b, "uid-b");
            scene.tell();
            scene.await("told of", () -> ask(b) == 200);
            scene.forget(b);
            scene.tell();
            scene.await("deleted", () -> ask(b) == 410);
        }
    }

    @Test
    void podKeepsItsPortWhileTheApiIsAway() throws Exception {
        try (Endpoints _ = serve()) {
            scene.tell();
            assertEquals(410, ask(b));
            scene.controller().policyTrouble("the API is away");
            assertEquals(503, ask(b));
            scene.controller().policyTrouble(null);
            assertEquals(410, ask(b));
        }
    }

    @Test
    void podKeepsItsPortAsLongAsAllThatIsKnownIsFromBefore() throws Exception {
        try (Endpoints _ = serve()) {
            assertEquals(503, ask(b));
            PolicyFacts known = scene.facts();
            scene.controller().policy(new PolicyFacts(known.facts(), known.uids(), Instant.EPOCH));
            assertEquals(503, ask(b));
            assertEquals(503, ask(a));
            scene.tell();
            assertEquals(410, ask(b));
            assertEquals(200, ask(a));
        }
    }
}
