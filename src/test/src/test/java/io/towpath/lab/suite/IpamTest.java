package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Agent;
import io.towpath.lab.Answer;
import io.towpath.lab.Json;
import io.towpath.lab.Lab;
import io.towpath.lab.Leases;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * The cases of the reference host-local plugin's host_local_test.go and allocator_test.go, each in every version of the
 * protocol that can express it, with whole pods: what is leased is also what the pod has.
 */
@OnLab
class IpamTest {
    static final List<String> VERSIONS = NetConf.VERSIONS;
    static final List<String> VERSIONS_WITH_LISTS = VERSIONS.subList(2, VERSIONS.size());

    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();

    private NetConf conf(String version, String ipam) {
        return node.conf().name("net").version(version).ipam(ipam);
    }

    private Leases leases() {
        return node.leases("net");
    }

    private Pod pod(NetConf conf, String name) {
        return node.pod(name).conf(conf);
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void allocatesAndReleasesBothFamilies(String version) {
        NetConf conf = conf(version, """
                {'type': 'host-local',
                 'ranges': [[{'subnet': '10.1.2.0/24'}], [{'subnet': '2001:db8:1::0/64'}]],
                 'routes': [{'dst': '0.0.0.0/0'}, {'dst': '::/0'}, {'dst': '192.168.0.0/16', 'gw': '1.1.1.1'}]}""");
        try (Pod pod = pod(conf, "x")) {
            Answer answer = pod.tryAdd();
            assertEquals("", answer.err(), "no noise on first use");
            assertEquals(List.of("10.1.2.2", "2001:db8:1::2"), answer.addresses());
            String content = Leases.content(pod.containerId(), "eth0");
            assertEquals(Map.of("10.1.2.2", content, "2001:db8:1::2", content), leases().all());
            assertEquals("10.1.2.2", leases().last(0));
            assertEquals("2001:db8:1::2", leases().last(1));
            pod.del();
            leases().assertEmpty();
            assertEquals("10.1.2.2", leases().last(0), "what was given out last is remembered");
        }
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void interfacesOfOneContainerHaveLeasesOfTheirOwn(String version) {
        NetConf conf = conf(version, "{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
        try (Pod pod = pod(conf, "x")) {
            pod.add();
            assertEquals("10.1.2.2", pod.address());
            Answer second = pod.call("ADD")
                    .with("CNI_IFNAME", "eth1")
                    .stdin(withoutDefault(conf))
                    .run();
            assertEquals("10.1.2.3", second.address());
            assertEquals(
                    Map.of(
                            "10.1.2.2", Leases.content(pod.containerId(), "eth0"),
                            "10.1.2.3", Leases.content(pod.containerId(), "eth1")),
                    leases().all());
            pod.del();
            assertEquals(Set.of("10.1.2.3"), leases().all().keySet());
            pod.ifName("eth1").del();
            leases().assertEmpty();
        }
    }

    private static NetConf withoutDefault(NetConf conf) {
        return conf.ipam("routes", "[{'dst': '10.99.0.0/16'}]");
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void sameAttachmentTwiceIsRefusedAndHarmsNothing(String version) {
        NetConf conf = conf(version, "{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
        try (Pod pod = pod(conf, "x").add()) {
            String message = pod.call("ADD").run().failedWith(999);
            assertTrue(message.contains("10.1.2.2 has been allocated to " + pod.containerId()), message);
            assertTrue(message.contains("duplicate allocation is not allowed"), message);
            assertEquals(Set.of("10.1.2.2"), leases().all().keySet());
            pod.ping(node.address());
            pod.del();
        }
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void releasesWhatOlderAndOtherWritersWrote(String version) {
        NetConf conf = conf(version, "{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
        try (Pod pod = pod(conf, "x")) {
            for (String content : List.of(
                    pod.containerId(),
                    pod.containerId() + "\n",
                    "\r\n  " + pod.containerId() + "\r\neth0  \r\n",
                    Leases.content(pod.containerId(), "eth0") + "\n")) {
                leases().write("10.1.2.7", content);
                leases().write("10.1.2.8", Leases.content("another", "eth0"));
                pod.del();
                assertEquals(Map.of("10.1.2.8", Leases.content("another", "eth0")), leases().all());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void unknownAttachmentIsReleasedInSilence(String version) {
        NetConf conf = conf(version, "{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
        try (Pod pod = pod(conf, "x")) {
            pod.call("DEL").without("CNI_NETNS").run().succeededSilently();
            pod.del();
        }
        leases().assertEmpty();
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void requestedAddress(String version) {
        NetConf conf = conf(version, "{'type': 'host-local', 'subnet': '10.1.2.0/24'}");
        try (Pod pod = pod(conf, "x")) {
            List<NetConf> ways = List.of(
                    conf.with("args", "{'cni': {'ips': ['10.1.2.88']}}"),
                    conf.with("args", "{'cni': {'ips': ['10.1.2.88/24']}}"),
                    conf.runtimeConfig(Map.of("ips", "['10.1.2.88/24']")));
            for (NetConf way : ways) {
                pod.conf(way).add();
                assertEquals("10.1.2.88", pod.address());
                pod.del();
            }
            Answer answer = pod.conf(conf)
                    .call("ADD")
                    .with("CNI_ARGS", pod.args() + ";IP=10.1.2.88")
                    .run();
            assertEquals("10.1.2.88", answer.address());
            assertEquals(Set.of("10.1.2.88"), leases().all().keySet());

            try (Pod second = pod(ways.getFirst(), "y")) {
                String message = second.tryAdd().failedWith(999);
                assertTrue(message.contains("requested IP address 10.1.2.88 is not available in range set"), message);
            }
            pod.del();
            for (String impossible : List.of("10.1.2.1", "10.1.2.255", "10.1.9.9")) {
                Answer refused = pod.conf(conf.with("args", "{'cni': {'ips': ['" + impossible + "']}}"))
                        .tryAdd();
                refused.error();
                assertTrue(refused.out().contains(impossible), refused.out());
            }
        }
        leases().assertEmpty();
    }

    @ParameterizedTest
    @FieldSource("VERSIONS_WITH_LISTS")
    void severalRangesOfOneFamily(String version) {
        NetConf conf = conf(version, """
                {'type': 'host-local', 'ranges': [
                  [{'subnet': '10.1.2.0/24'}],
                  [{'subnet': '10.2.2.0/24', 'rangeStart': '10.2.2.20', 'rangeEnd': '10.2.2.40', 'gateway': '10.2.2.3'}],
                  [{'subnet': '10.3.2.0/30'}, {'subnet': '10.4.2.0/24'}]]}""");
        try (Pod pod = pod(conf, "x").add();
                Pod more = pod(conf, "y").add()) {
            assertEquals(List.of("10.1.2.2", "10.2.2.20", "10.3.2.2"), pod.addresses());
            assertEquals(List.of("10.1.2.3", "10.2.2.21", "10.4.2.2"), more.addresses());
            pod.check(version);
            pod.del();
            more.del();
        }
        leases().assertEmpty();

        NetConf asked = conf.with("args", "{'cni': {'ips': ['10.1.2.88', '10.2.2.30', '10.4.2.9']}}");
        try (Pod pod = pod(asked, "z").add()) {
            assertEquals(List.of("10.1.2.88", "10.2.2.30", "10.4.2.9"), pod.addresses());
            pod.del();
        }
        NetConf tooMuch = conf.with("args", "{'cni': {'ips': ['10.1.2.88', '10.77.2.30']}}");
        try (Pod pod = pod(tooMuch, "w")) {
            String message = pod.tryAdd().failedWith(999);
            assertTrue(message.contains("failed to allocate all requested IPs: 10.77.2.30"), message);
        }
        leases().assertEmpty();
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void twoAddressesOfOneFamilyNeedAVersionThatCanTell(String version) {
        NetConf conf = conf(version, """
                {'type': 'host-local', 'ranges': [[{'subnet': '10.1.2.0/24'}], [{'subnet': '10.2.2.0/24'}]]}""");
        try (Pod pod = pod(conf, "x")) {
            Answer answer = pod.tryAdd();
            if (VERSIONS_WITH_LISTS.contains(version)) {
                assertEquals(2, answer.addresses().size());
                pod.del();
            } else {
                answer.error();
            }
        }
        leases().assertEmpty();
    }

    @Test
    void rangesOfTheRuntimeComeFirst() {
        NetConf conf = conf("1.0.0", "{'type': 'host-local', 'subnet': '10.1.2.0/24'}")
                .runtimeConfig(Map.of("ipRanges", "[[{'subnet': '10.9.9.0/24', 'rangeStart': '10.9.9.9'}]]"));
        try (Pod pod = pod(conf, "x").add()) {
            assertEquals(List.of("10.9.9.9", "10.1.2.2"), pod.addresses());
            pod.del();
        }
    }

    @Test
    void roundRobinThroughTheRangeSkippingTheGateway() {
        NetConf conf = conf("1.0.0", "{'type': 'host-local', 'subnet': '10.1.2.0/29'}");
        List<String> given = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            try (Pod pod = pod(conf, "x" + i).add()) {
                given.add(pod.address().replace("10.1.2.", ""));
                pod.del();
            }
        }
        assertEquals("2 3 4 5 6 2 3 4 5 6 2 3", String.join(" ", given));
    }

    @Test
    void fullRangeIsToldByAddAndByStatus() {
        NetConf conf = conf("1.1.0", "{'type': 'host-local', 'subnet': '10.1.2.0/29'}");
        List<Pod> pods = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            node.call("STATUS", conf).run().succeededSilently();
            pods.add(pod(conf, "x" + i).add());
        }
        node.call("STATUS", conf).run().failedWith(50);
        try (Pod late = pod(conf, "late")) {
            String message = late.tryAdd().failedWith(999);
            assertTrue(message.contains("no IP addresses available in range set: 10.1.2.1-10.1.2.6"), message);
            late.del();
            pods.get(2).del();
            node.call("STATUS", conf).run().succeededSilently();
            late.add();
            assertEquals("10.1.2.4", late.address());
            late.del();
        }
        for (Pod pod : pods) {
            pod.del();
            pod.close();
        }
        leases().assertEmpty();
    }

    @Test
    void emptyAndTornLeasesAreTakenBack() {
        NetConf conf = conf("1.1.0", "{'type': 'host-local', 'subnet': '10.1.2.0/29'}");
        for (int i = 2; i <= 5; i++) {
            leases().write("10.1.2." + i, i % 2 == 0 ? "" : "\0\0\0");
        }
        leases().write("10.1.2.6", Leases.content("another", "eth0"));
        try (Pod pod = pod(conf, "x")) {
            node.call("STATUS", conf).run().succeededSilently();
            pod.add();
            assertTrue(pod.address().matches("10\\.1\\.2\\.[2-5]"), pod.address());
            assertEquals(Leases.content("another", "eth0"), leases().of("10.1.2.6"));
            pod.del();
        }
    }

    @Test
    void nameServersOfAFile() throws IOException {
        Path file = node.folder().resolve("resolv.conf");
        Files.writeString(
                file, "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch a.lab b.lab\noptions ndots:5 rotate\n");
        NetConf conf = conf("1.0.0", "{'type': 'host-local', 'subnet': '10.1.2.0/24', 'resolvConf': '" + file + "'}");
        try (Pod pod = pod(conf, "x").add()) {
            assertEquals(Json.object("""
                            {'nameservers': ['192.0.2.1', '192.0.2.2'], 'search': ['a.lab', 'b.lab'],
                             'options': ['ndots:5', 'rotate']}"""), pod.result().path("dns"));
            pod.del();
        }
    }

    @Test
    void operatorSeesTheLeases() {
        NetConf conf = node.conf().version("1.0.0").name("net");
        try (Pod pod = pod(conf, "x").add()) {
            String list = Agent.command(
                            node, "ipam", "list", "--data-dir", node.dataDir().toString())
                    .succeeded()
                    .out();
            assertTrue(list.contains(pod.address()) && list.contains(pod.containerId()), list);
            pod.del();
        }
    }
}
