package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.protocol.CniException;
import io.towpath.linux.Errno;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddTest {
    private static final String HOST_NAME = "cali0d7763386da";

    @TempDir
    private Path disk;

    private TestNode node;

    @BeforeEach
    void setUp() {
        node = new TestNode(disk);
    }

    @Test
    void resultTellsBothEndsAndTheRoutesThatAreThere() throws IOException {
        JsonNode result =
                node.call("ADD", TestNode.DUAL).conf("mtu", 1400).run().good().json();
        JsonNode expected = TestNode.JSON.readTree("""
                {"cniVersion": "1.1.0",
                 "interfaces": [
                   {"name": "cali0d7763386da", "mac": "ee:ee:ee:ee:ee:ee", "mtu": 1400},
                   {"name": "eth0", "mac": "4a:fd:26:11:59:8e", "mtu": 1400, "sandbox": "/run/netns/pod"}],
                 "ips": [{"address": "10.1.2.2/32", "interface": 1}, {"address": "fd00:1:2::2/128", "interface": 1}],
                 "routes": [
                   {"dst": "0.0.0.0/0", "gw": "169.254.1.1"},
                   {"dst": "::/0", "gw": "fe80::ecee:eeff:feee:eeee"}]}
                """);
        assertEquals(expected, result);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
    void servesEveryVersion(String version) throws IOException {
        JsonNode result =
                node.call("ADD").conf("cniVersion", version).run().good().json();
        assertEquals(version, result.path("cniVersion").asText());
        node.call("DEL").conf("cniVersion", version).run().good();
    }

    @Test
    void callsThatTheKernelGets() throws IOException {
        node.call("ADD").run().good();
        String gateway = "169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev 2 nud permanent";
        List<String> writes = node.namespaces.kernel.writes();
        assertEquals(15, writes.size(), writes::toString);
        assertTrue(writes.get(0).startsWith("link add " + HOST_NAME + " type veth"), writes::toString);
        // Nothing is forged before the link is up.
        assertTrue(
                writes.subList(1, 6).stream().allMatch(write -> write.contains("netdev towpath-sources")),
                writes::toString);
        assertTrue(writes.get(6).contains("towpath/net/c1/eth0"), writes::toString);
        assertEquals(
                List.of(
                        "link set index 2 up",
                        "link set index 2 up",
                        "address add 10.1.2.2/32 dev 2",
                        "neighbour add " + gateway,
                        "route add 169.254.1.1/32 dev 2 scope link",
                        "route add 0.0.0.0/0 via 169.254.1.1 dev 2",
                        "route add 10.1.2.2/32 dev 2 scope link"),
                writes.stream().skip(8).toList());
        assertEquals(
                "[Sysctl[key=net/ipv6/conf/" + HOST_NAME + "/accept_ra, value=0]]", node.namespaces.sysctls.toString());
    }

    /** Whatever request fails, all is afterwards as it was before. */
    @Test
    void isUndoneWhateverRequestFails() throws IOException {
        node.call("ADD", TestNode.DUAL).run().good();
        int requests = node.namespaces.kernel.requests().size();
        node.call("DEL", TestNode.DUAL).run().good();
        List<String> before = node.everything();
        assertTrue(requests > 12, "requests of an ADD: " + requests);
        for (int i = 0; i < requests; i++) {
            node.namespaces.kernel.forgetRequests();
            node.namespaces.kernel.failRequest(i, Errno.EPERM);
            String error = node.call("ADD", TestNode.DUAL).run().error();
            node.namespaces.kernel.heal();
            assertTrue(error.contains("EPERM"), error);
            assertEquals(before, node.everything(), "request " + i + " failed: " + error);
        }
        node.call("ADD", TestNode.DUAL).run().good();
    }

    @Test
    void isUndoneWhenASettingCannotBeWritten() throws IOException {
        List<String> before = node.everything();
        node.namespaces.sysctlErrno = Errno.EROFS;
        assertTrue(node.call("ADD").run().error().contains("EROFS"));
        assertEquals(before, node.everything());
    }

    @Test
    void isUndoneWhenTheResultCannotBeWritten() throws IOException {
        List<String> before = node.everything();
        node.stdout = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("broken pipe");
            }
        };
        assertEquals(1, node.call("ADD", TestNode.DUAL).run().exitCode());
        assertEquals(before, node.everything());
        assertTrue(node.namespaces.kernel.writes().contains("link delete index 2"));
    }

    /** What the undo itself leaves when the kernel refuses even that is told, and DEL removes it. */
    @Test
    void anUndoThatFailsIsMadeUpForByDel() throws IOException {
        List<String> before = node.everything();
        node.namespaces.kernel.failRequests("route add 10.1.2.2/32", Errno.ENOMEM);
        node.namespaces.kernel.failRequests("link delete", Errno.ENOMEM);
        String error = node.call("ADD").run().error();
        assertTrue(error.startsWith("999 route add 10.1.2.2/32 dev 2 scope link: ENOMEM"), error);
        assertTrue(error.contains("not undone: link delete"), error);
        assertEquals(List.of(HOST_NAME), node.hostLinks());
        assertEquals(List.of("10.1.2.2 c1/eth0"), node.leases(), "the route to the address may still be there");
        node.namespaces.kernel.heal();
        node.call("DEL").run().good();
        assertEquals(before, node.everything());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /run/netns/none   | 4 invalid CNI_NETNS: there is no /run/netns/none
            /run/netns/file   | 8 invalid CNI_NETNS: /run/netns/file is not a network namespace
            /proc/self/ns/net | 8 plugin's netns and netns from CNI_NETNS should not be the same
            """)
    void badNamespacesChangeNothing(String path, String error) throws IOException {
        node.namespaces.plainFiles.add("/run/netns/file");
        List<String> before = node.everything();
        assertEquals(error, node.call("ADD").with("CNI_NETNS", path).run().error());
        assertEquals(before, node.everything());
        assertEquals(List.of(), node.namespaces.kernel.writes());
    }

    @Test
    void badConfigurationIsFoundBeforeTheOverlayIsTouched() throws IOException {
        node.overlayFailure = new CniException(CniException.TRY_AGAIN_LATER, "the overlay was asked for");
        assertEquals(
                "7",
                node.call("ADD", "\"subnet\": \"10.1.2.0/31\"").run().error().substring(0, 1));
        assertEquals("11 the overlay was asked for", node.call("ADD").run().error());
        assertEquals(
                "11 the overlay was asked for",
                node.call("ADD", "\"subnet\": \"usePodCidr\"").run().error(),
                "the slice is only known when the overlay stands");
        assertEquals(List.of(), node.leases());
    }

    /** Whoever reads a lease takes one with more than 4 KiB for torn, and it would be nobody's for ever. */
    @Test
    void containerIdMustFitIntoALease() throws IOException {
        List<String> before = node.everything();
        assertEquals(
                "4 invalid CNI_CONTAINERID: 4091 characters do not fit into a lease, at most 4090 do",
                add("c".repeat(4091)).error());
        assertEquals(before, node.everything());
        node.call("DEL").with("CNI_CONTAINERID", "c".repeat(100_000)).run().good();
        add("c".repeat(4090)).good();
        assertEquals(1, node.leases().size());
        node.call("DEL").with("CNI_CONTAINERID", "c".repeat(4090)).run().good();
        assertEquals(List.of(), node.leases());
    }

    /** Else it would be told to try again for ever. */
    @Test
    void containerIdThatDoesNotFitIsToldBeforeTheNodeIsReady() throws IOException {
        node.overlayFailure = new CniException(CniException.TRY_AGAIN_LATER, "the overlay was asked for");
        assertTrue(add("c".repeat(4091)).error().startsWith("4 invalid CNI_CONTAINERID"));
    }

    private TestNode.Answer add(String containerId) throws IOException {
        return node.call("ADD").with("CNI_CONTAINERID", containerId).run();
    }

    @Test
    void ipv6NeedsItsMtu() throws IOException {
        List<String> before = node.everything();
        assertEquals(
                "7 invalid mtu: 1279 is less than IPv6 needs, 1280",
                node.call("ADD", TestNode.DUAL).conf("mtu", 1279).run().error());
        assertEquals(before, node.everything());
        node.call("ADD").conf("mtu", 576).run().good();
    }

    /** A runtime sends DEL before it tries again; what runs meanwhile is not harmed. */
    @Test
    void aSecondAddIsRefused() throws IOException {
        node.call("ADD").run().good();
        List<String> before = node.everything();
        assertEquals(
                "999 failed to allocate for range 0: 10.1.2.2 has been allocated to c1, duplicate allocation is not"
                        + " allowed",
                node.call("ADD").run().error());
        assertEquals(
                "999 failed to allocate for range 0: 10.1.2.2 has been allocated to c1, duplicate allocation is not"
                        + " allowed",
                node.call("ADD")
                        .json("runtimeConfig", "{\"ips\": [\"10.1.2.77\"]}")
                        .run()
                        .error());
        assertEquals(before, node.everything());
        node.call("DEL").run().good();
        node.call("ADD").run().good();
    }

    @Test
    void aPodsInterfacesAreApart() throws IOException {
        node.call("ADD").run().good();
        node.call("ADD").with("CNI_IFNAME", "net1").run().good();
        assertEquals(2, node.hostLinks().size());
        node.call("DEL").run().good();
        assertEquals(List.of("10.1.2.3 c1/net1"), node.leases());
        assertEquals(1, node.hostLinks().size());
    }

    @Test
    void attachmentsWithoutAPodAreNamedByTheirContainer() throws IOException {
        node.call("ADD").with("CNI_ARGS", "").run().good();
        node.namespaces.at("/run/netns/other");
        node.call("ADD")
                .with("CNI_ARGS", "")
                .with("CNI_CONTAINERID", "c2")
                .with("CNI_NETNS", "/run/netns/other")
                .run()
                .good();
        assertEquals(2, node.hostLinks().size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                                                                          | aa:bb:cc:dd:ee:02 | aa:bb:cc:dd:ee:02
            {"runtimeConfig": {"mac": "aa:bb:cc:dd:ee:00"}}                             | aa:bb:cc:dd:ee:02 | aa:bb:cc:dd:ee:00
            {"args": {"cni": {"mac": "aa:bb:cc:dd:ee:01"}}}                             | aa:bb:cc:dd:ee:02 | aa:bb:cc:dd:ee:01
            """)
    void takesTheMacAskedFor(String more, String byArgs, String expected) throws IOException {
        TestNode.Call call = node.call("ADD").with("CNI_ARGS", "IgnoreUnknown=1;MAC=" + byArgs);
        call.conf.setAll((ObjectNode) TestNode.JSON.readTree(more));
        JsonNode result = call.run().good().json();
        assertEquals(expected, result.path("interfaces").path(1).path("mac").asText());
        try (Rtnl pod = node.namespaces.at(TestNode.POD).open()) {
            assertEquals(expected, String.valueOf(pod.links().getLast().mac()));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            []                                              | false | 0.0.0.0/0 169.254.1.1
            [{"dst": "10.0.0.0/8"}]                         | false | 10.0.0.0/8 169.254.1.1
            [{"dst": "10.0.0.0/8", "gw": "10.1.2.1"}]       | true  | 10.0.0.0/8 169.254.1.1, 0.0.0.0/0 169.254.1.1
            [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]         | true  | 0.0.0.0/0 169.254.1.1
            [{"dst": "10.9.0.0/16", "scope": 253}]          | false | 10.9.0.0/16 null
            [{"dst": "10.9.0.0/16", "priority": 5, "mtu": 1300, "advmss": 1200}] | false | 10.9.0.0/16 169.254.1.1
            """)
    void routes(String routes, boolean withDefaults, String expected) throws IOException {
        TestNode.Call call = node.call("ADD", "\"subnet\": \"10.1.2.0/24\", \"routes\": " + routes)
                .conf("include_default_routes", withDefaults);
        StringBuilder shown = new StringBuilder();
        for (JsonNode route : call.run().good().json().path("routes")) {
            shown.append(shown.isEmpty() ? "" : ", ")
                    .append(route.path("dst").asText())
                    .append(' ')
                    .append(route.path("gw").asText("null"));
        }
        assertEquals(expected, shown.toString());
    }

    @Test
    void dnsOfTheRuntimeCountsMost() throws IOException {
        Path file = disk.resolve("resolv.conf");
        Files.writeString(file, "nameserver 192.0.2.3\nsearch ipam.example\n");
        String ipam = "\"subnet\": \"10.1.2.0/24\", \"resolvConf\": \"" + file + "\"";
        assertEquals("192.0.2.3", dns(node.call("ADD", ipam)));
        String conf = "{\"nameservers\": [\"192.0.2.2\"]}";
        assertEquals("192.0.2.2", dns(node.call("ADD", ipam).json("dns", conf)));
        String runtime = "{\"dns\": {\"servers\": [\"192.0.2.1\"]}, \"aliases\": [\"web\"]}";
        assertEquals("192.0.2.1", dns(node.call("ADD", ipam).json("dns", conf).json("runtimeConfig", runtime)));
    }

    private String dns(TestNode.Call call) throws IOException {
        JsonNode result = call.run().good().json();
        node.call("DEL").run().good();
        return result.path("dns").path("nameservers").path(0).asText();
    }
}
