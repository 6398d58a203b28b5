package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Call;
import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** DEL succeeds in whatever state an attachment is, repeats included, and takes away no more than what is its own. */
@OnLab
class DelTest {
    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();

    @AfterEach
    void nothingIsLeft() {
        node.leases().assertEmpty();
        assertTrue(!node.namespace().show("link").toString().contains("\"cali"));
    }

    /** What becomes of a pod before its DEL, and what the runtime still knows then. */
    private static Arguments state(String what, Function<Pod, Call> calls) {
        return Arguments.argumentSet(what, calls);
    }

    private static Call plain(Pod pod) {
        return pod.call("DEL").stdin(pod.conf());
    }

    static Stream<Arguments> states() {
        return Stream.of(
                state("all there", pod -> pod.call("DEL")),
                state("no prevResult", DelTest::plain),
                state("CNI_NETNS empty", pod -> plain(pod).with("CNI_NETNS", "")),
                state("CNI_NETNS absent", pod -> plain(pod).without("CNI_NETNS")),
                state("namespace gone", pod -> {
                    pod.close();
                    return pod.call("DEL");
                }),
                state("namespace gone, another file in its place", pod -> {
                    pod.close();
                    write(pod.namespace().path(), "");
                    return pod.call("DEL");
                }),
                state("link gone", pod -> {
                    pod.node().namespace().ip("link delete " + pod.hostLink());
                    return pod.call("DEL");
                }),
                state("pod's end renamed", pod -> {
                    pod.namespace().ip("link set eth0 down", "link set eth0 name other");
                    return pod.call("DEL");
                }),
                state("node's end renamed", pod -> {
                    pod.node()
                            .namespace()
                            .ip(
                                    "link set " + pod.hostLink() + " down",
                                    "link set " + pod.hostLink() + " name cali0123456789a");
                    return pod.call("DEL");
                }),
                state("lease gone", pod -> {
                    pod.node().leases().remove(pod.address());
                    return pod.call("DEL");
                }),
                state("link and lease gone", pod -> {
                    pod.node().namespace().ip("link delete " + pod.hostLink());
                    pod.node().leases().remove(pod.address());
                    return pod.call("DEL");
                }),
                state("cluster file gone", pod -> {
                    move(pod.node().clusterFile());
                    return pod.call("DEL");
                }),
                state("node state gone", pod -> {
                    move(pod.node().stateDir());
                    return pod.call("DEL");
                }),
                state("overlay gone", pod -> {
                    pod.node().namespace().ip("link delete flannel.1");
                    return pod.call("DEL");
                }),
                state(
                        "slice changed",
                        pod -> pod.call("DEL")
                                .stdin(pod.conf().ipam("{'type': 'host-local', 'subnet': '10.99.0.0/24'}"))),
                state(
                        "section ipam broken",
                        pod -> pod.call("DEL").stdin(pod.conf().ipam("subnet", "banana"))),
                state("pod's name unknown", pod -> plain(pod).without("CNI_ARGS")),
                state("arguments unreadable", pod -> plain(pod).with("CNI_ARGS", "banana")));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void move(Path file) {
        try {
            Files.move(file, file.resolveSibling("aside"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("states")
    void anyStateThreeTimes(Function<Pod, Call> calls) {
        try (Pod pod = node.pod("web").add();
                Pod other = node.pod("other").add()) {
            Call call = calls.apply(pod);
            for (int i = 0; i < 3; i++) {
                assertEquals("", call.run().succeeded().out());
                assertEquals(
                        Map.of(other.address(), Leases.content(other.containerId(), "eth0")),
                        node.leases().all());
                assertEquals(
                        List.of(other.hostLink()),
                        node.namespace().show("link").findValuesAsText("ifname").stream()
                                .filter(name -> name.startsWith("cali"))
                                .toList());
            }
            other.check().succeededSilently();
            other.del();
        }
    }

    @Test
    void withoutAnyAdd() {
        try (Pod pod = node.pod("web")) {
            pod.del();
            pod.call("DEL").with("CNI_NETNS", "").run().succeededSilently();
        }
    }

    /** A StatefulSet's pod comes back under its name, and its old container may be taken down later. */
    @Test
    void lateOneOfAnOldContainerDoesNotTouchTheNew() {
        try (Pod old = node.pod("web").add();
                Pod now = node.pod("web", 1)) {
            now.add();
            assertEquals(old.hostLink(), now.hostLink());
            old.del();
            old.call("DEL").with("CNI_NETNS", "").run().succeededSilently();
            now.check().succeededSilently();
            now.ping(node.address());
            assertEquals(
                    Leases.content(now.containerId(), "eth0"), node.leases().of(now.address()));
            now.del();
        }
    }
}
