package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Answer;
import io.towpath.lab.Call;
import io.towpath.lab.Lab;
import io.towpath.lab.Libc;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/**
 * The executable killed at random moments, half of the time with host ports. The next call has to cope with whatever is left, and
 * DEL or GC take it away.
 * {@code -Dtowpath.kill.seed=N} repeats a run's choices, though not its timing.
 */
@OnLab
class KillTest {
    private static final int KILLS = 300;
    private static final int PODS = 25;
    private static final int FIRST_PORT = 8000;
    private static final long SEED = Long.getLong("towpath.kill.seed", 20260801);

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final Random random = new Random(SEED);
    private int killed;

    @Test
    void whateverIsLeftIsTakenAway() {
        System.out.println("KillTest: -Dtowpath.kill.seed=" + SEED);
        node.pod("first").add().del();
        NodeState before = node.state().without("last_reserved_ip");
        long addNanos = duration("ADD");
        long delNanos = duration("DEL");
        int calls = 0;
        for (int round = 0; killed < KILLS; round++) {
            assertTrue(calls < 4 * KILLS, "only " + killed + " of " + calls + " calls could be killed in time");
            List<Pod> pods = new ArrayList<>();
            for (int i = 0; i < PODS; i++) {
                Pod pod = node.pod("p" + round + "-" + i);
                if (random.nextBoolean()) {
                    withPorts(pod, FIRST_PORT + i);
                }
                pods.add(pod);
                calls++;
                if (random.nextBoolean()) {
                    kill(pod.call("ADD"), addNanos);
                } else {
                    pod.add();
                    kill(pod.call("DEL"), delNanos);
                }
                continueOne(pod);
            }
            assertNoTornLease();
            node.gc().succeededSilently();
            for (Pod pod : pods) {
                assertEquals(
                        List.of("lo"), pod.namespace().show("link").findValuesAsText("ifname"), () -> "inside " + pod);
                pod.close();
            }
            node.leases().assertEmpty();
            node.state().without("last_reserved_ip").assertSameAs(before);
        }
        System.out.println("KillTest: " + killed + " of " + calls + " calls killed");
        Pod last = node.pod("last").add();
        last.ping(node.address());
        last.del();
        node.leases().assertEmpty();
    }

    private static void withPorts(Pod pod, int port) {
        String mapping = "{'hostPort': " + port + ", 'containerPort': 80, 'protocol': '%s'}";
        String both = "[" + mapping.formatted("tcp") + ", " + mapping.formatted("udp") + "]";
        pod.conf(pod.conf().runtimeConfig(Map.of("portMappings", both)));
    }

    /** A third is left to GC, a third gets its DEL, a third is tried again as a runtime does after a restart. */
    private void continueOne(Pod pod) {
        switch (random.nextInt(3)) {
            case 0 -> {}
            case 1 -> {
                pod.call("DEL").run().succeededSilently();
                assertEquals(List.of("lo"), pod.namespace().show("link").findValuesAsText("ifname"));
            }
            default -> {
                pod.call("DEL").with("CNI_NETNS", "").run().succeededSilently();
                Answer again = pod.tryAdd();
                again.succeeded();
                pod.ping(node.address());
                pod.del();
            }
        }
    }

    private void assertNoTornLease() {
        node.leases()
                .all()
                .forEach((address, content) -> assertTrue(
                        content.matches("[0-9a-f]{64}\\r\\neth0"), () -> address + " holds '" + content + "'"));
    }

    /** How long the call takes when it is left alone, from the start of the process to its end. */
    private long duration(String verb) {
        List<Long> times = new ArrayList<>();
        try (Pod pod = node.pod("measured-" + verb.toLowerCase(java.util.Locale.ROOT))) {
            withPorts(pod, FIRST_PORT);
            for (int i = 0; i < 9; i++) {
                if (verb.equals("DEL")) {
                    pod.add();
                }
                long start = System.nanoTime();
                pod.call(verb).run().succeeded();
                times.add(System.nanoTime() - start);
                pod.call("DEL").run().succeeded();
            }
        }
        Collections.sort(times);
        return times.get(times.size() / 2);
    }

    /** The moment is anywhere between the start and the usual end. */
    private void kill(Call call, long usual) {
        long moment = random.nextLong(usual);
        long start = System.nanoTime();
        Process process = call.start();
        while (System.nanoTime() - start < moment) {
            LockSupport.parkNanos(20_000);
        }
        Libc.kill(process.pid());
        int code = process.onExit().join().exitValue();
        if (code == 128 + 9) {
            killed++;
        } else {
            assertEquals(0, code, () -> "not killed, and failed: " + call);
        }
    }
}
