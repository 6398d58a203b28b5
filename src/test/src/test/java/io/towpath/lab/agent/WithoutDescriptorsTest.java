package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The executable while its file descriptors are used up: it tells so once, and does all again by itself when there are some. */
@OnLab
@EnabledIf(value = "io.towpath.lab.Agent#isNative", disabledReason = "a JVM has other files open than the executable")
class WithoutDescriptorsTest {
    /** EMFILE in the kernel's words, as the modules have them, and in musl's. */
    private static final Pattern WHY = Pattern.compile("Too many open files|No file descriptors available");

    private static final String SLICE = "10.244.99.0/24";
    private static final String ADDRESS = "192.168.50.99";

    @AutoClose
    private final AgentLab lab = new AgentLab("a");

    private final Agent agent;

    WithoutDescriptorsTest() {
        lab.register("a");
        agent = lab.node("a").agent(lab.api).with(AgentLab.POLICY);
    }

    private void assertWell() throws IOException {
        agent.enoughDescriptors();
        lab.api.addNode(NodeObjects.ofFlannel("new", SLICE, ADDRESS, "02:00:00:00:00:99"));
        Await.until("the new node", () -> AgentLab.hasPeer(lab.node("a").namespace(), SLICE, ADDRESS), agent::log);
        agent.awaitReady();
        assertEquals(200, agent.code("healthz"));
        Await.until(
                "the commands reach it",
                () -> agent.operator("status", "--output", "json").exit() == 0,
                agent::log);
        Await.until(
                "the trouble is over",
                () -> agent.status().at("/source/trouble").isNull(),
                agent::log);
        // Each trouble in a line when it begins, and in one when it ends.
        Map<String, Integer> lines = new TreeMap<>();
        agent.log()
                .lines()
                .filter(line -> line.contains("problem  subject="))
                .forEach(line ->
                        lines.merge(line.replaceFirst(".*(subject=(\"[^\"]*\"|\\S*)).*", "$1"), 1, Integer::sum));
        lines.forEach((subject, count) -> assertTrue(count <= 4, () -> subject + "\n" + agent.log()));
    }

    @Test
    void aRunningOneGoesOnWhenThereAreSome() throws IOException {
        agent.start().awaitReady();
        lab.api.down();
        for (String subject : List.of("source", "\"policy source\"")) {
            Await.until(
                    subject + " is told, and why",
                    () -> {
                        agent.noMoreDescriptors(); // of its connections, one ends after the other
                        return agent.log()
                                .lines()
                                .anyMatch(line -> line.contains("subject=" + subject)
                                        && WHY.matcher(line).find());
                    },
                    agent::log);
        }
        lab.api.up();
        Files.delete(lab.node("a").folder().resolve("agent.sock"));
        assertWell();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40})
    void oneThatStartsGoesOnOrEndsWithALine(int most) throws IOException {
        agent.withDescriptors(most).start();
        Await.until(
                "it has ended, or it has none, or it is ready",
                () -> agent.exit() != null || WHY.matcher(agent.log()).find() || agent.code("readyz") == 200,
                agent::log);
        Await.until(
                "it has ended or has started",
                () -> agent.exit() != null || agent.log().contains("agent started"),
                agent::log);
        if (agent.exit() != null) {
            assertEquals(1, agent.exit(), agent::log);
            assertTrue(
                    agent.log().lines().count() <= 2 && WHY.matcher(agent.log()).find(), agent::log);
            return;
        }
        assertWell();
    }
}
