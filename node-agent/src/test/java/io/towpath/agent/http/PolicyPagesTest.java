package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.agent.policy.OverlayNodes;
import io.towpath.agent.policy.PolicyController;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusBoard;
import io.towpath.agent.status.Statuses;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.PolicyOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pods that are handed over, as the CNI executable does it. */
@NeedsRoot
class PolicyPagesTest {
    @TempDir
    private Path folder;

    private final StatusBoard board = new StatusBoard(AgentStatus.starting(null, "kubernetes", Statuses.START));
    private final Heartbeat heartbeat = new Heartbeat("reconcile", Duration.ofMinutes(2));

    private Path socket() {
        return folder.resolve("agent.sock");
    }

    private Endpoints open(@Nullable PolicyController policy) throws IOException {
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, socket()),
                board,
                List.of(heartbeat),
                policy,
                "1.2.3",
                log());
    }

    private static Log log() {
        return new Log(
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
    }

    private static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    private String post(String path, String content) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket()));
            send(client, path, content);
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void send(SocketChannel client, String path, String content) throws IOException {
        String head = "POST " + path + " HTTP/1.1\r\nContent-Length: " + content.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n";
        client.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
        client.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)));
    }

    private static String handover(String link, int wait) {
        return """
                {"namespace":"default","name":"web","uid":null,"link":"%s","addresses":["10.64.1.2","fd00::2"],\
                "waitMilliseconds":%d}""".formatted(link, wait);
    }

    @Test
    void anAgentWithoutPoliciesTakesNoPods() throws IOException {
        try (Endpoints _ = open(null)) {
            String answer = post("/policy/endpoints", handover("cali0123456789a", 100));
            assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
            assertEquals("this agent enforces no policies\n", body(answer));
        }
    }

    @Test
    void whoeverHandsAPodOverWaitsAndOthersDoNot() throws Exception {
        PolicyController controller =
                new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
        try (Endpoints _ = open(controller)) {
            Thread loops = new Thread(() -> assertDoesNotThrow(() -> {
                String late = post("/policy/endpoints", handover("cali0123456789a", 60_000));
                assertTrue(late.startsWith("HTTP/1.1 503 "), late);
                assertEquals("the agent is stopping\n", body(late));
            }));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            loops.setUncaughtExceptionHandler((_, e) -> failure.set(e));
            // Without facts nothing in the kernel is touched.
            controller.start();
            loops.start();
            String early = post("/policy/endpoints", handover("cali0123456789b", 50));
            assertTrue(early.startsWith("HTTP/1.1 503 Service Unavailable\r\n"), early);
            assertEquals("the policies of the cluster are not known yet\n", body(early));
            assertTrue(loops.isAlive());
            assertTrue(post("/policy/nothing", "").startsWith("HTTP/1.1 404 "));
            controller.close();
            loops.join();
            assertNull(failure.get());
        }
    }

    @Test
    void whoeverHandsAPodOverDoesNotWaitForAPageThatTakesItsTime() throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            Thread reader = new Thread(() -> assertDoesNotThrow(() -> get("/policy/log")));
            synchronized (controller.denials()) {
                reader.start();
                awaitBlocked();
                CompletableFuture<String> answer = new CompletableFuture<>();
                Thread.ofVirtual()
                        .start(() -> assertDoesNotThrow(
                                () -> answer.complete(post("/policy/endpoints", handover("cali0123456789b", 50)))));
                assertTrue(answer.get(20, TimeUnit.SECONDS).startsWith("HTTP/1.1 503 "));
                assertTrue(get("/healthz").startsWith("HTTP/1.1 200 "));
            }
            reader.join();
        }
    }

    /** Waits until a thread of the agent waits for what another has. */
    private static void awaitBlocked() {
        long start = System.nanoTime();
        while (Thread.getAllStackTraces().keySet().stream()
                .noneMatch(each -> each.getState() == Thread.State.BLOCKED
                        && (each.getName().equals("pages") || each.getName().equals("http")))) {
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "nobody asks");
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            nonsense                                                                        | no JSON: Unrecognized token
            {"name":"a","namespace":"b","link":"cali0123456789a","waitMilliseconds":1}      | addresses is missing
            {"name":"a","namespace":"b","link":"cali0123456789a","waitMilliseconds":1,"addresses":["x"]} | addresses is wrong: "x"
            {"name":"a","namespace":"b","link":"eth0","waitMilliseconds":1,"addresses":["10.0.0.1"]} | link is wrong: "eth0"
            {"name":"a","namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"]} | waitMilliseconds is missing
            {"name":"a","namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":9999999} | waitMilliseconds is wrong: 9999999
            {"namespace":"b","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":1} | name is missing
            {"name":"a","namespace":"","link":"cali0123456789a","addresses":["10.0.0.1"],"waitMilliseconds":1} | namespace is wrong: ""
            """)
    void aHandoverThatIsWrongIsRefused(String content, String reason) throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            String answer = post("/policy/endpoints", content);
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
            assertTrue(body(answer).startsWith(reason), answer);
            assertEquals(1, body(answer).lines().count());
        }
    }

    private String get(String target) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket()));
            client.write(ByteBuffer.wrap(("GET " + target + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Nobody is told that no policies will be in force: the next agent may say otherwise. */
    @Test
    void whoWaitsIsLeftToTheNextAgent() throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                SocketChannel waiting = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            controller.start();
            try (Endpoints _ = open(controller)) {
                waiting.connect(UnixDomainSocketAddress.of(socket()));
                send(waiting, "/policy/endpoints", handover("cali0123456789a", 60_000));
                String later = post("/policy/endpoints", handover("cali0123456789b", 50));
                assertTrue(later.startsWith("HTTP/1.1 503 "), later);
            }
            assertEquals(-1, waiting.read(ByteBuffer.allocate(1)));
            try (Endpoints _ = open(controller)) {
                String next = post("/policy/endpoints", handover("cali0123456789a", 50));
                assertEquals("the policies of the cluster are not known yet\n", body(next));
            }
        }
    }

    /** The names of links are those of the pods shop/web and shop/db. */
    @Test
    void whoseALinkIs() throws Exception {
        String web = "/policy/pods?link=" + EndpointName.hostName("shop", "web", "", "eth0");
        String db = "/policy/pods?link=" + EndpointName.hostName("shop", "db", "", "eth0");
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            assertTrue(get(web).startsWith("HTTP/1.1 503 "), get(web));
            controller.policy(new PolicyFacts(Facts.NONE, Map.of("shop/cache", "1", "shop/web", "2")));
            assertTrue(get(web).startsWith("HTTP/1.1 200 "), get(web));
            assertEquals("shop/web\n", body(get(web)));
            assertTrue(get(db).startsWith("HTTP/1.1 410 Gone\r\n"), get(db));
            controller.policy(new PolicyFacts(Facts.NONE, Map.of("shop/cache", "1")));
            assertTrue(get(web).startsWith("HTTP/1.1 410 "), get(web));
            // What was known last may not be so any more, and nobody is to lose anything for that.
            controller.policyTrouble("the API is away");
            assertTrue(get(web).startsWith("HTTP/1.1 503 "), get(web));
            controller.policyTrouble(null);
            assertTrue(get(web).startsWith("HTTP/1.1 410 "), get(web));
            for (String wrong : List.of("", "?link=", "?link=eth0", "?link=cali0123456789A")) {
                String answer = get("/policy/pods" + wrong);
                assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
                assertTrue(body(answer).startsWith("link is wrong: "), answer);
            }
        }
    }

    @Test
    void whyIsTold() throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            String early = get("/policy/explain?from=10.0.0.1&to=10.0.0.2&port=80");
            assertTrue(early.startsWith("HTTP/1.1 503 "), early);
            PodFact web = new PodFact("shop", "web", Map.of(), List.of(IpAddress.parse("10.0.0.2")), List.of(), "node");
            controller.policy(new PolicyFacts(
                    new Facts(
                            List.of(web),
                            List.of(new NamespaceFact("shop", Map.of())),
                            List.of(),
                            List.of(),
                            List.of()),
                    Map.of()));
            String answer = get("/policy/explain?from=10.0.0.1&to=shop%2Fweb&port=80");
            assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
            assertEquals("""
                    {"allowed":true,"inForce":false,"from":{"pod":null,"node":null,"address":"10.0.0.1"},\
                    "to":{"pod":"shop/web","node":"node","address":"10.0.0.2"},"protocol":"tcp","port":80,"portName":null,\
                    "notes":["not in force on this node yet: its kernel has what was known before"],"sides":[\
                    {"direction":"ingress","pod":"shop/web","allowed":true,"policies":[],"why":["no NetworkPolicy \
                    isolates it"],"withDryRuns":{"allowed":true,"policies":[],"why":["no NetworkPolicy isolates it"]}}],"text":"allowed: 10.0.0.1 to shop/web (10.0.0.2), port \
                    80/TCP\\n  not in force on this node yet: its kernel has what was known before\\n  ingress of shop/web: allowed\\n    no NetworkPolicy isolates it\\n"}""", body(answer));
        }
    }

    @Test
    void ofANodeIsToldWhatItsPacketsAreCalled() throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            board.listen(new OverlayNodes(true, controller::nodes));
            board.publish(Statuses.ready());
            PodFact web = new PodFact("shop", "web", Map.of(), List.of(IpAddress.parse("10.244.1.2")), List.of(), "a");
            controller.policy(new PolicyFacts(
                    new Facts(
                            List.of(web),
                            List.of(new NamespaceFact("shop", Map.of())),
                            List.of(),
                            List.of(),
                            List.of()),
                    Map.of()));
            String answer = body(get("/policy/explain?from=192.168.0.2&to=shop%2Fweb&port=80"));
            assertTrue(answer.startsWith("""
                    {"allowed":true,"inForce":false,"from":{"pod":null,"node":"b","address":"10.244.2.0"},\
                    "to":{"pod":"shop/web","node":"a","address":"10.244.1.2"},"protocol":"tcp","port":80,"portName":null,\
                    "notes":["node b sends to pods of other nodes from 10.244.2.0, not from \
                    192.168.0.2","by a host port of node a it comes from 192.168.0.2 and is allowed",\
                    "not in force on this node yet: its kernel has what was known before"],"""), answer);
            assertTrue(body(get("/policy/explain?from=shop%2Fweb&to=192.168.0.2&port=80"))
                    .contains("see it come from 192.168.0.1, the address of node a"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            from=10.0.0.1&to=10.0.0.2                | port is missing
            from=10.0.0.1&port=80                    | to is missing
            from=10.0.0.1&to=10.0.0.2&port=80/quic   | protocol "quic" is none of tcp, udp, sctp, icmp
            from=10.0.0.1&to=10.0.0.2&port=99999/udp | "99999" is no port from 0 to 65535
            from=10.0.0.1&to=10.0.0.2&port=80/icmp   | ICMP has no ports: ask for icmp, not for 80/icmp
            from=10.0.0.1&to=10.0.0.2&port=%zz       | URLDecoder: Illegal hex characters in escape (%) pattern
            from=a/b&to=10.0.0.2&port=icmp           | there is no pod a/b that policies can be about
            """)
    void whatIsAskedWronglyIsSaid(String query, String message) throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            controller.policy(new PolicyFacts(Facts.NONE, Map.of()));
            String answer = get("/policy/explain?" + query);
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
            assertTrue(body(answer).startsWith(message), answer);
        }
    }

    @Test
    void whoDecidesIsToldFieldByField() throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            PodFact web = new PodFact("shop", "web", Map.of(), List.of(IpAddress.parse("10.0.0.2")), List.of(), "node");
            PolicyFact closed =
                    PolicyFact.of("shop", "closed", Selector.EVERYTHING, List.of("Ingress"), List.of(), List.of());
            controller.policy(new PolicyFacts(
                    new Facts(
                            List.of(web),
                            List.of(new NamespaceFact("shop", Map.of())),
                            List.of(),
                            List.of(closed),
                            List.of()),
                    Map.of()));
            String answer = body(get("/policy/explain?from=10.0.0.1&to=shop%2Fweb&port=icmp"));
            assertTrue(answer.startsWith("{\"allowed\":false,"), answer);
            assertTrue(answer.contains("\"protocol\":\"icmp\",\"port\":null,"), answer);
            assertTrue(answer.contains("""
                            "policies":[{"kind":"NetworkPolicy","namespace":"shop","name":"closed","dryRun":false}]"""), answer);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            shop/web     | 200 |
            shop/far     | 400 | pod shop/far is on node b: ask there
            shop/nobody  | 400 | there is no pod shop/nobody that policies can be about
            web          | 400 | "web" is no pod as namespace/name
            """)
    void theLogOfAPodThatIsNotThereIsAnError(String pod, String code, @Nullable String message) throws Exception {
        try (PolicyController controller =
                        new PolicyController(log(), Clock.systemUTC(), board::publish, PolicyOptions.silent());
                Endpoints _ = open(controller)) {
            PodFact far = new PodFact("shop", "far", Map.of(), List.of(IpAddress.parse("10.0.1.2")), List.of(), "b");
            controller.policy(new PolicyFacts(
                    new Facts(List.of(far), List.of(), List.of(), List.of(), List.of()), Map.of("shop/web", "1")));
            String answer = get("/policy/log?after=0&pod=" + pod.replace("/", "%2F"));
            assertTrue(answer.startsWith("HTTP/1.1 " + code), answer);
            if (message != null) {
                assertTrue(body(answer).startsWith(message), answer);
            }
        }
    }

    @Test
    void contentThatIsTooLongIsRefused() throws IOException {
        try (Endpoints _ = open(null)) {
            String answer = post("/policy/endpoints", "x".repeat(40_000));
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
            assertEquals("the content of a request has at most 32768 bytes\n", body(answer));
        }
    }
}
