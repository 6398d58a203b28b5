package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Answer;
import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Parallel;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** The reference host-local plugin and ours in one folder: a node is switched over in place, and back. */
@OnLab
class ReferenceLeasesTest {
    private static final Path HOST_LOCAL = Plugin.reference("host-local");

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();

    private NetConf conf() {
        return node.conf().name("net").version("1.0.0").ipam("{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
    }

    private Leases leases() {
        return node.leases("net");
    }

    private Pod ours(NetConf conf, String name) {
        return node.pod(name).conf(conf);
    }

    /** A pod for which host-local is called alone: it has a lease and no link. */
    private Pod theirs(NetConf conf, String name) {
        return ours(conf, name).plugin(HOST_LOCAL);
    }

    @Test
    void theyReadAndReleaseOurLeases() {
        NetConf conf = conf();
        try (Pod pod = ours(conf, "x").add()) {
            pod.call("CHECK").stdin(conf.with("prevResult", pod.result())).run().succeededSilently();
            pod.plugin(HOST_LOCAL);
            pod.check().succeededSilently();
            String message = pod.tryAdd().failedWith(999);
            assertTrue(message.contains("10.1.2.2 has been allocated to " + pod.containerId()), message);
            pod.del();
            leases().assertEmptyButIndex();
            // Ours notices, and takes down the rest.
            pod.plugin(node.plugin()).check().error();
            pod.del();
        }
        leases().assertEmpty();
    }

    @Test
    void weReadAndReleaseTheirLeases() {
        NetConf conf = conf();
        try (Pod pod = theirs(conf, "x").add()) {
            assertEquals("10.1.2.2", pod.address());
            pod.plugin(node.plugin());
            String message = pod.tryAdd().failedWith(999);
            assertTrue(message.contains("10.1.2.2 has been allocated to " + pod.containerId()), message);
            pod.del();
        }
        leases().assertEmpty();
    }

    @Test
    void theAddressGivenLastIsHonouredBothWays() {
        NetConf conf = conf();
        List<String> given = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            try (Pod pod = i % 2 == 0 ? ours(conf, "x" + i) : theirs(conf, "x" + i)) {
                given.add(pod.add().address());
                pod.del();
                assertEquals(given.getLast(), leases().last(0));
            }
        }
        assertEquals(List.of("10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6", "10.1.2.7"), given);
    }

    @Test
    void bothRefuseWhatTheOtherHasReserved() {
        NetConf conf = conf();
        NetConf asked = conf.with("args", "{'cni': {'ips': ['10.1.2.50']}}");
        assertSecondIsRefused(ours(asked, "a"), theirs(asked, "b"));
        assertSecondIsRefused(theirs(asked, "c"), ours(asked, "d"));
        leases().assertEmptyButIndex();
    }

    private static void assertSecondIsRefused(Pod first, Pod second) {
        try (first;
                second) {
            assertEquals("10.1.2.50", first.add().address());
            String message = second.tryAdd().failedWith(999);
            assertTrue(message.contains("10.1.2.50"), message);
            first.del();
        }
    }

    @Test
    void sideBySideAtTheSameTime() {
        NetConf conf = conf();
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            pods.add(i % 2 == 0 ? ours(conf, "x" + i) : theirs(conf, "x" + i));
        }
        Set<String> given = ConcurrentHashMap.newKeySet();
        Parallel.run(
                8, pods, pod -> assertTrue(given.add(pod.add().address()), () -> "given out twice: " + pod.address()));
        assertEquals(given, leases().all().keySet());
        for (Pod pod : pods) {
            assertEquals(Leases.content(pod.containerId(), "eth0"), leases().of(pod.address()));
        }
        // Each takes down what the other made: host-local knows of no links, so ours comes after it there.
        Parallel.run(8, pods, pod -> {
            boolean isOurs = pod.hasLink();
            pod.plugin(isOurs ? HOST_LOCAL : node.plugin()).del();
            if (isOurs) {
                pod.plugin(node.plugin()).del();
            }
            pod.close();
        });
        assertEquals(Map.of(), leases().all());
        leases().assertEmpty();
    }

    @Test
    void podsOfTheReferencePtpKeepTheirLeases() {
        NetConf conf = conf();
        Path ptp = Plugin.reference("ptp");
        try (Pod old = ours(conf, "old").plugin(ptp).add();
                Pod now = ours(conf, "now").add()) {
            assertEquals("10.1.2.2", old.address());
            assertEquals("10.1.2.3", now.address());
            Answer answer = node.gc(conf.version("1.1.0"), old, now);
            answer.succeededSilently();
            assertEquals(Set.of("10.1.2.2", "10.1.2.3"), leases().all().keySet());
            // Switched over: the runtime's DEL for the old pod now comes to us.
            old.plugin(node.plugin()).del();
            assertEquals(Set.of("10.1.2.3"), leases().all().keySet());
            now.check().succeededSilently();
            now.del();
        }
        leases().assertEmpty();
    }
}
