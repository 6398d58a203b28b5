package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Answer;
import io.towpath.lab.Call;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a runtime should never send. Each is answered with a CNI error on stdout and exit code 1, and neither the kernel nor the
 * disk of the node changes; a pod that lives there goes on living.
 */
@OnLab
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
    private static final int MIB = 1 << 20;

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final Pod neighbour = node.pod("neighbour").add();
    private final Pod pod = node.pod("web");
    private NodeState before = node.state();
    private NodeState podBefore = NodeState.ofKernel(pod.namespace());

    @BeforeEach
    void remember() {
        before = node.state();
        podBefore = NodeState.ofKernel(pod.namespace());
    }

    @AfterEach
    void nothingHasChanged() {
        NodeState.ofKernel(pod.namespace()).assertSameAs(podBefore);
        // Where the next search begins may move: an address that was taken and given back is not given out again at
        // once.
        node.state().without("last_reserved_ip").assertSameAs(before.without("last_reserved_ip"));
        neighbour.check().succeededSilently();
    }

    static Stream<String> notJson() {
        return Stream.of(
                "",
                " ",
                "{",
                "}",
                "[]",
                "null",
                "7",
                "\"text\"",
                "true",
                "{]",
                "{\"name\": }",
                "{'name': 'net'}",
                "{\"name\": \"net\"} {}",
                "{\"name\": \"net\"} x",
                "{\"cniVersion\": \"1.0.0\", \"name\": \"a\"",
                "<xml/>",
                "\0",
                "\u00ff\u00fe",
                "[".repeat(100_000),
                "{\"a\":".repeat(100_000));
    }

    @ParameterizedTest
    @MethodSource("notJson")
    void noJsonObject(String stdin) {
        for (String verb : List.of("ADD", "DEL", "CHECK")) {
            assertDecodingOrNameError(pod.call(verb).stdin(stdin).run());
        }
        for (String verb : List.of("GC", "STATUS")) {
            assertDecodingOrNameError(node.call(verb, pod.conf()).stdin(stdin).run());
        }
    }

    /** The reference library takes {@code null} for a configuration without a name. */
    private static void assertDecodingOrNameError(Answer answer) {
        int code = answer.error().path("code").intValue();
        assertTrue(code == 6 || (code == 7 && answer.out().contains("missing network name")), answer.toString());
    }

    @Test
    void bytesThatAreNoText() {
        byte[] bytes = pod.conf().toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        bytes[bytes.length / 2] = (byte) 0xc0;
        pod.call("ADD").stdin(bytes).run().failedWith(6);
    }

    static Stream<String> wrongTypes() {
        return Stream.of(
                "{'name': 7}",
                "{'name': ['a']}",
                "{'cniVersion': 1.0}",
                "{'cniVersion': {}}",
                "{'mtu': 'large'}",
                "{'mtu': 1.5}",
                "{'mtu': []}",
                "{'ipam': 'host-local'}",
                "{'ipam': []}",
                "{'ipam': {'type': 7}}",
                "{'ipam': {'type': 'host-local', 'ranges': {}}}",
                "{'ipam': {'type': 'host-local', 'ranges': [{}]}}",
                "{'ipam': {'type': 'host-local', 'ranges': [[7]]}}",
                "{'ipam': {'type': 'host-local', 'subnet': 7}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'routes': {}}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'routes': [{'dst': 7}]}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'dataDir': {}}}",
                "{'dns': []}",
                "{'dns': {'nameservers': '10.0.0.1'}}",
                "{'args': []}",
                "{'args': {'cni': 7}}",
                "{'args': {'cni': {'ips': '10.1.2.3'}}}",
                "{'runtimeConfig': []}",
                "{'runtimeConfig': {'ips': {}}}",
                "{'runtimeConfig': {'ips': [7]}}",
                "{'runtimeConfig': {'mac': 7}}",
                "{'runtimeConfig': {'ipRanges': 'all'}}",
                "{'runtimeConfig': {'dns': []}}",
                "{'prevResult': 7}",
                "{'prevResult': []}",
                "{'clusterFile': 7}",
                "{'stateDir': []}",
                "{'subnetEnv': {}}");
    }

    @ParameterizedTest
    @MethodSource("wrongTypes")
    void wrongType(String json) {
        NetConf conf = merged(json);
        int code = pod.call("ADD").stdin(conf).run().error().path("code").intValue();
        assertTrue(code == 6 || code == 7, "code " + code + " for " + json);
    }

    private NetConf merged(String json) {
        NetConf conf = node.conf();
        for (var entry : Json.object(json).properties()) {
            conf = conf.with(entry.getKey(), entry.getValue());
        }
        return conf;
    }

    static Stream<String> wrongValues() {
        return Stream.of(
                "{'mtu': -1}",
                "{'mtu': 67}",
                "{'mtu': 65536}",
                "{'mtu': 99999999999999}",
                "{'ipam': {'type': 'dhcp'}}",
                "{'ipam': {'type': 'host-local'}}",
                "{'ipam': {'type': 'host-local', 'subnet': 'banana'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.3/24'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/31'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/33'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'gateway': '10.1.2'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'rangeStart': '10.1.3.1'}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'rangeStart': '10.1.2.9', 'rangeEnd': '10.1.2.8'}}",
                "{'ipam': {'type': 'host-local', 'ranges': []}}",
                "{'ipam': {'type': 'host-local', 'ranges': [[]]}}",
                "{'ipam': {'type': 'host-local', 'ranges': [[{'subnet': '10.1.2.0/24'}, {'subnet': '10.1.2.128/25'}]]}}",
                "{'ipam': {'type': 'host-local', 'ranges': [[{'subnet': '10.1.2.0/24'}, {'subnet': 'fd00::/64'}]]}}",
                "{'ipam': {'type': 'host-local', 'subnet': '10.1.2.0/24', 'routes': [{'dst': '10.0.0.0/99'}]}}",
                "{'runtimeConfig': {'mac': 'banana'}}",
                "{'runtimeConfig': {'mac': '00:00:00:00:00:00'}}",
                "{'runtimeConfig': {'mac': 'ff:ff:ff:ff:ff:ff'}}",
                "{'runtimeConfig': {'ips': ['banana']}}",
                "{'runtimeConfig': {'ips': ['10.77.0.1']}}",
                "{'runtimeConfig': {'bandwidth': 5}}",
                "{'runtimeConfig': {'bandwidth': {'ingressRate': 1000000}}}",
                "{'runtimeConfig': {'bandwidth': {'egressRate': -1, 'egressBurst': 1000000}}}",
                "{'runtimeConfig': {'bandwidth': {'egressRate': 1000000, 'egressBurst': 11}}}",
                "{'clusterFile': '/nonexistent/cluster.json', 'stateDir': '/nonexistent/run', 'subnetEnv': '/nonexistent/env'}");
    }

    @ParameterizedTest
    @MethodSource("wrongValues")
    void wrongValue(String json) {
        pod.call("ADD").stdin(merged(json)).run().error();
    }

    @Test
    void unknownVersion() {
        for (String version : List.of("0.0.1", "1.1.1", "2.0.0", "banana", "1", "1.0", "../1.0.0", "1.0.0\0")) {
            pod.call("ADD").stdin(pod.conf().version(version)).run().failedWith(1);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../x", "/etc/passwd", ".", "..", ".hidden", "a/../../b", "-rf", "a\nb", "$(id)", "a b", "*"})
    void hostileNames(String name) {
        for (String verb : List.of("ADD", "DEL")) {
            pod.call(verb).with("CNI_CONTAINERID", name).run().failedWith(4);
            pod.call(verb).stdin(pod.conf().name(name)).run().failedWith(7);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "/etc/passwd", ".", "..", "a/b", "a b", "a:b", "eth%d", "sixteen-letters-"})
    void hostileInterfaceNames(String name) {
        for (String verb : List.of("ADD", "DEL")) {
            pod.call(verb).with("CNI_IFNAME", name).run().failedWith(4);
        }
    }

    @Test
    void hostilePodNamesAreOnlyText() {
        // They go into a hash, not into a path or a link's name.
        for (String name : List.of("../../x", "a/b", "$(reboot)", "x".repeat(5000))) {
            Answer answer = pod.call("ADD")
                    .with("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + name + ";K8S_POD_NAME=" + name)
                    .run();
            assertEquals(1, answer.addresses().size());
            pod.call("DEL")
                    .with("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + name + ";K8S_POD_NAME=" + name)
                    .run()
                    .succeededSilently();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {MIB, MIB + 1, 3 * MIB})
    void documentOfAMebibyte(int size) {
        String conf = node.conf().with("mtu", -1).toString();
        String filler = " ".repeat(size - conf.length());
        List<String> documents = List.of(
                conf + filler,
                filler + conf,
                "{\"x\": \"" + "x".repeat(size - conf.length()) + "\"," + conf.substring(1),
                "x".repeat(size));
        for (String document : documents) {
            int code =
                    pod.call("ADD").stdin(document).run().error().path("code").intValue();
            assertTrue(code == 6 || code == 7, "code " + code);
        }
    }

    @Test
    void documentOfAMebibyteThatIsRightIsServed() {
        String conf = node.conf().with("comment", "x".repeat(MIB - 4096)).toString();
        assertEquals(1, pod.call("ADD").stdin(conf).run().addresses().size());
        pod.call("DEL").stdin(conf).run().succeededSilently();
    }

    @Test
    void namespaceThatIsNone() throws IOException {
        Path file = Files.writeString(lab.folder().resolve("plain"), "no namespace");
        Path folder = Files.createDirectories(lab.folder().resolve("folder"));
        List<String> paths = new ArrayList<>(List.of(
                file.toString(),
                folder.toString(),
                "/proc/self/ns/mnt",
                "/proc/self/ns/pid",
                "/dev/null",
                "/nonexistent/ns"));
        for (String path : paths) {
            for (String verb : List.of("ADD", "CHECK")) {
                Call call = pod.call(verb).with("CNI_NETNS", path);
                if (verb.equals("CHECK")) {
                    call = call.stdin(pod.conf().with("prevResult", neighbour.result()));
                }
                int code = call.run().error().path("code").intValue();
                assertTrue(code == 8 || code == 4 || code == 999 || code == 3, path + ": " + code);
            }
            // Nothing of a container can be left in it; a runtime whose DEL fails sends it for ever.
            pod.call("DEL").with("CNI_NETNS", path).run().succeededSilently();
        }
        Files.delete(file);
        Files.delete(folder);
    }

    @Test
    void namespaceOfTheNodeItself() {
        for (String path : List.of("/proc/self/ns/net", node.namespace().path().toString())) {
            pod.call("ADD").with("CNI_NETNS", path).run().failedWith(8);
            pod.call("DEL").with("CNI_NETNS", path).run().failedWith(8);
        }
    }

    @Test
    void interfaceThatIsThereAlready() {
        pod.namespace().ip("link add name eth0 type bridge");
        try {
            String message = pod.call("ADD").run().failedWith(999);
            assertTrue(message.contains("eth0"), message);
        } finally {
            pod.namespace().ip("link delete eth0");
        }
    }

    @Test
    void closedStandardInput() {
        pod.call("ADD").stdin(new byte[0]).run().failedWith(6);
    }
}
