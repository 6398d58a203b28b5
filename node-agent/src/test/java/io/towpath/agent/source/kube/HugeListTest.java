package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An API with more pods than a process, which is a real one, has memory for. */
class HugeListTest {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    HugeListTest() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", HugeListTest::answer);
        server.start();
    }

    @AfterEach
    void end() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** A list of pods without an end; of all else there is nothing. */
    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String query = String.valueOf(exchange.getRequestURI().getQuery());
            boolean isWatch = query.contains("watch=true");
            if (isWatch || !path.equals(FakeApi.PODS)) {
                FakeReply.status(isWatch ? 422 : 404).send(exchange);
                return;
            }
            int from = query.contains("continue=") ? Integer.parseInt(query.replaceFirst(".*continue=", "")) : 0;
            StringBuilder items = new StringBuilder();
            for (int i = from; i < from + 500; i++) {
                items.append(i == from ? "" : ",").append(pod(i));
            }
            String list =
                    "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\""
                            + (from + 500) + "\"},\"items\":[" + items + "]}";
            new FakeReply(200, "application/json", list).send(exchange);
        }
    }

    private static String pod(int number) {
        StringBuilder labels = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            labels.append(i == 0 ? "" : ",")
                    .append("l")
                    .append(i)
                    .append(": 'value-")
                    .append(i)
                    .append("-of-")
                    .append(number)
                    .append("'");
        }
        String ip = "10." + (number >> 16) + "." + (number >> 8 & 255) + "." + (number & 255);
        return Manifests.pod("pod-" + number, "{" + labels + "}", "other", ip).toString();
    }

    @Test
    void moreThanThereIsMemoryForIsOneTroubleAndTheProcessLives() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command =
                new ArrayList<>(List.of(java, "-Xmx64m", "-XX:+UseG1GC", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), SourceProcess.class.getName()));
        command.add("http://127.0.0.1:" + server.getAddress().getPort());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = "";
            while (!line.contains("more pods than there is memory for: more than 48 of 64 MiB")) {
                line = said.readLine();
                assertNotNull(line, () -> "it has ended: " + lines);
                lines.add(line);
            }
            assertTrue(line.contains("subject=\"policy source\""), line);
            process.getOutputStream().close();
            assertTrue(process.waitFor(Told.LIMIT.toSeconds(), TimeUnit.SECONDS), "it lives");
            assertEquals(0, process.exitValue(), lines::toString);
        } finally {
            process.destroyForcibly();
        }
    }
}
