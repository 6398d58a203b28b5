package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Answer;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** CHECK finds what is broken, says what it is, and mends nothing. */
@OnLab
class CheckTest {
    @AutoClose
    private final Lab lab = new Lab(Plugin.towpath()).families(true, true).withNodes("a");

    private final Node node = lab.node();

    private static Arguments damage(String what, String told, Consumer<Pod> action) {
        return Arguments.argumentSet(what, told, action);
    }

    private static void inside(Pod pod, String line) {
        pod.namespace().ip(line);
    }

    private static void outside(Pod pod, String line) {
        pod.node().namespace().ip(line.replace("HOST", pod.hostLink()));
    }

    static Stream<Arguments> damages() {
        return Stream.of(
                damage(
                        "address removed",
                        "10.244.1.",
                        pod -> inside(pod, "address delete " + pod.address() + "/32 dev eth0")),
                damage(
                        "IPv6 address removed",
                        "fd00:10:244:1:",
                        pod -> inside(pod, "address delete " + pod.addresses().get(1) + "/128 dev eth0")),
                damage("default route removed", "0.0.0.0/0", pod -> inside(pod, "route delete default")),
                damage("default route elsewhere", "0.0.0.0/0", pod -> {
                    inside(pod, "route delete default");
                    inside(pod, "route add default dev lo");
                }),
                damage("IPv6 default route removed", "::/0", pod -> inside(pod, "route delete ::/0")),
                damage("pod's end down", "eth0", pod -> inside(pod, "link set eth0 down")),
                damage("node's end down", "cali", pod -> outside(pod, "link set HOST down")),
                damage(
                        "pod's MAC changed",
                        "02:aa:aa:aa:aa:aa",
                        pod -> inside(pod, "link set eth0 address 02:aa:aa:aa:aa:aa")),
                damage(
                        "node's MAC changed",
                        "02:aa:aa:aa:aa:ab",
                        pod -> outside(pod, "link set HOST address 02:aa:aa:aa:aa:ab")),
                damage("pod's MTU changed", "eth0", pod -> inside(pod, "link set eth0 mtu 1300")),
                damage("link deleted", "eth0", pod -> outside(pod, "link delete HOST")),
                damage("pod's end renamed", "eth0", pod -> {
                    inside(pod, "link set eth0 down");
                    inside(pod, "link set eth0 name eth9");
                    inside(pod, "link set eth9 up");
                }),
                damage(
                        "node's route removed",
                        "10.244.1.",
                        pod -> outside(pod, "route delete " + pod.address() + "/32")),
                damage(
                        "node's route elsewhere",
                        "10.244.1.",
                        pod -> outside(pod, "route replace " + pod.address() + "/32 dev eth0")),
                damage(
                        "node's IPv6 route removed",
                        "fd00:10:244:1:",
                        pod -> outside(pod, "route delete " + pod.addresses().get(1) + "/128")),
                damage("lease gone", "", pod -> pod.node().leases().remove(pod.address())),
                damage("lease of another", "", pod -> {
                    pod.node().leases().remove(pod.address());
                    pod.node().leases().write(pod.address(), "another\r\neth0");
                }),
                damage("lease rewritten", "", pod -> pod.node().leases().write(pod.address(), "another\r\neth0")));
    }

    @ParameterizedTest
    @MethodSource("damages")
    void damageIsFound(String told, Consumer<Pod> action) {
        try (Pod pod = node.pod("web").add()) {
            pod.check().succeededSilently();
            action.accept(pod);
            NodeState before = node.state();
            NodeState podBefore = NodeState.ofKernel(pod.namespace());
            Answer answer = pod.check();
            String message = answer.failedWith(999);
            assertTrue(message.contains(told), message);
            // The index follows the leases: that somebody else changed them is found by every call.
            node.state().without("/.towpath/").assertSameAs(before.without("/.towpath/"));
            NodeState.ofKernel(pod.namespace()).assertSameAs(podBefore);
            // Whatever the damage, DEL takes away what is left.
            pod.del();
            node.leases().all().keySet().forEach(node.leases()::remove);
        }
        node.leases().assertEmptyButIndex();
        assertTrue(!node.namespace().show("link").toString().contains("\"cali"));
    }

    @Test
    void resultThatSaysOtherwiseIsFound() {
        try (Pod pod = node.pod("web").add()) {
            for (String replacement : List.of(
                    "'ips': [{'address': '10.244.1.250/32', 'interface': 1}]",
                    "'ips': []",
                    "'interfaces': []",
                    "'routes': [{'dst': '10.99.0.0/16', 'gw': '169.254.1.1'}]")) {
                ObjectNode wrong = pod.result().deepCopy();
                wrong.setAll(io.towpath.lab.Json.object("{" + replacement + "}"));
                pod.call("CHECK")
                        .stdin(pod.conf().with("prevResult", wrong))
                        .run()
                        .error();
            }
            pod.check().succeededSilently();
            pod.del();
        }
    }

    @Test
    void podThatIsGoneIsFound() {
        Pod pod = node.pod("web").add();
        pod.close();
        pod.check().error();
        pod.del();
        node.leases().assertEmpty();
    }
}
