package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterFileTest {
    private static final String GOOD = """
            {"network":["10.244.0.0/16","fd00:10:244::/48"],"node":"a","interface":"eth0","vni":7,"port":4789,"mtu":1400,
             "nodes":[{"name":"a","slices":["10.244.1.0/24","fd00:10:244:1::/64"],"addresses":["192.168.0.1","fd00::1"]},
                      {"name":"b","slices":["10.244.2.0/24"],"addresses":["192.168.0.2"]}]}""";

    private static Cluster parse(String json) throws ClusterFileException {
        return ClusterFile.parse("c.json", json.getBytes(StandardCharsets.UTF_8));
    }

    /** The message for a good file in which one text is replaced by another; a single quote stands for a double one. */
    private static String refusal(String from, String to) {
        String changed = GOOD.replace(from.replace('\'', '"'), to.replace('\'', '"'));
        assertFalse(changed.equals(GOOD), "nothing replaced");
        return refusal(changed);
    }

    private static String refusal(String json) {
        String message =
                assertThrows(ClusterFileException.class, () -> parse(json)).getMessage();
        assertNotNull(message);
        assertTrue(message.startsWith("cluster file c.json: "), message);
        assertTrue(message.length() < 400, message);
        assertTrue(message.chars().noneMatch(c -> c < ' '), message);
        return message;
    }

    @Test
    void readsEveryKey() throws ClusterFileException {
        Cluster cluster = parse(GOOD);
        assertEquals(List.of(IpPrefix.parse("10.244.0.0/16"), IpPrefix.parse("fd00:10:244::/48")), cluster.networks());
        assertEquals("a", cluster.node());
        assertEquals(UnderlayChoice.named("eth0"), cluster.underlay());
        assertEquals(7, cluster.vni());
        assertEquals(4789, cluster.port());
        assertEquals(1400, cluster.mtu());
        Cluster.Node a = cluster.nodes().get(0);
        assertEquals(IpPrefix.parse("fd00:10:244:1::/64"), a.slice(true));
        assertEquals(IpAddress.parse("192.168.0.1"), a.address(false));
        assertNull(cluster.nodes().get(1).slice(true));
    }

    @Test
    void hasFlannelsDefaults() throws ClusterFileException {
        Cluster cluster = parse(
                "{\"network\":[\"10.244.0.0/16\"],\"nodes\":[{\"name\":\"a\",\"slices\":[\"10.244.1.0/24\"],\"addresses\":[\"192.168.0.1\"]}]}");
        assertEquals(1, cluster.vni());
        assertEquals(8472, cluster.port());
        assertEquals(0, cluster.mtu());
        assertNull(cluster.node());
        assertEquals(UnderlayChoice.AUTOMATIC, cluster.underlay());
    }

    @Test
    void acceptsTheShippedExample() throws ClusterFileException {
        assertEquals(3, ClusterFile.read("../conf/cluster.example.json").nodes().size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'vni':7 | 'vin':7 | unknown key \"vin\"",
                "'name':'b' | 'name':'b','role':'x' | nodes[1]: unknown key \"role\"",
                "'vni':7 | 'vni':7,'vni':8 | Duplicate field",
                "'vni':7 | 'vni':'7' | vni: must be a whole number from 1 to 9999999, not the string \"7\"",
                "'vni':7 | 'vni':7.0 | vni: must be a whole number",
                "'vni':7 | 'vni':null | vni: must be a whole number from 1 to 9999999, not null",
                "'vni':7 | 'vni':0 | vni: 0 is out of range",
                "'vni':7 | 'vni':99999999999999999999 | vni: 99999999999999999999 is out of range",
                "'vni':7 | 'vni':10000 | with IPv6 write at most 9999",
                "'port':4789 | 'port':65536 | port: 65536 is out of range; write a number from 1 to 65535",
                "'mtu':1400 | 'mtu':-1 | mtu: -1 is out of range",
                "'mtu':1400 | 'mtu':1349 | write at least 1350",
                "'interface':'eth0' | 'interface':'' | interface: \"\" cannot be",
                "'interface':'eth0' | 'interface':'../x' | interface: \"../x\" cannot be",
                "'interface':'eth0' | 'interface':'sixteen-letters-' | cannot be an interface's name",
                "'interface':'eth0' | 'interface':{} | interface: must be a name, a string, not an object",
                "'node':'a' | 'node':'z' | node: \"z\" is not in nodes; add it there or write one of a, b",
                "'node':'a' | 'node':[] | node: must be a name, a string, not an array",
                "'name':'b' | 'name':'a' | nodes[1].name: \"a\" is there twice",
                "'name':'b' | 'name':'../b' | nodes[1].name: \"../b\" is no node name",
                "'name':'b' | 'name':'' | nodes[1].name: \"\" is no node name",
                "'name':'b', | | nodes[1]: the key \"name\" is missing",
                "['10.244.0.0/16','fd00:10:244::/48'] | '10.244.0.0/16' | network: must be an array such as",
                "['10.244.0.0/16','fd00:10:244::/48'] | [] | network: must not be empty",
                "['10.244.0.0/16','fd00:10:244::/48'] | ['10.244.0.0/16','10.245.0.0/16'] | at most one of IPv4",
                "'fd00:10:244::/48' | 'fe80::/16' | network[1]: \"fe80::/16\" overlaps fe80::/10",
                "'10.244.0.0/16' | '0.0.0.0/0' | overlaps 0.0.0.0/8",
                "'10.244.2.0/24' | '10.244.2.1/24' | nodes[1].slices[0]: \"10.244.2.1/24\" has host bits; write \"10.244.2.0/24\"",
                "'10.244.2.0/24' | '10.245.2.0/24' | \"10.245.2.0/24\" is outside the network 10.244.0.0/16",
                "'10.244.2.0/24' | '10.244.2.0' | \"10.244.2.0\" is no prefix",
                "'10.244.2.0/24' | '10.244.2.0/33' | is no prefix",
                "'10.244.2.0/24' | '10.244.1.128/25' | overlaps 10.244.1.0/24 of node a (nodes[0].slices[0])",
                "'10.244.2.0/24' | '10.244.1.0/24' | overlaps 10.244.1.0/24 of node",
                "'10.244.2.0/24' | '10.244.2.0/31' | no room for pods; write a length of at most 30",
                "['10.244.2.0/24'] | ['10.244.2.0/24','10.244.3.0/24'] | nodes[1].slices: has 2 prefixes",
                "['10.244.2.0/24'] | [] | nodes[1].slices: must not be empty",
                "['10.244.2.0/24'] | [7] | nodes[1].slices[0]: must be a prefix such as",
                "'10.244.2.0/24' | 'fd00:10:244:2::/64' | node b has no IPv6 address to reach it by",
                "'192.168.0.2' | '192.168.0.1' | nodes[1].addresses[0]: \"192.168.0.1\" is also that of node a",
                "'192.168.0.2' | '10.244.7.1' | \"10.244.7.1\" is inside the pods' network 10.244.0.0/16",
                "['192.168.0.2'] | ['192.168.0.2'], 'sources': ['10.244.7.1'] | nodes[1].sources[0]: \"10.244.7.1\" is inside the pods'",
                "['192.168.0.2'] | ['192.168.0.2'], 'sources': ['x'] | nodes[1].sources[0]: \"x\" is no IP address",
                "'192.168.0.2' | 'localhost' | \"localhost\" is no IP address",
                "'192.168.0.2' | '192.168.0.2/24' | is no IP address",
                "'192.168.0.2' | '127.0.0.1' | is no address of a host",
                "'192.168.0.2' | 'fe80::1' | is no address of a host",
                "'192.168.0.2' | '192.168.0.2','192.168.0.3' | a second one of its family",
                "'fd00:10:244::/48'], | '10.0.0.0/8' | not valid JSON at line",
                "'mtu':1400, | 'mtu':1400 | not valid JSON at line",
            })
    void refusesInOneLineThatNamesTheKeyAndTheMend(String from, String to, String expected) {
        String message = refusal(from, to == null ? "" : to);
        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \n ",
                "null",
                "7",
                "[]",
                "\"x\"",
                "{}",
                "{\"nodes\":[]}",
                "{} {}",
                "\u0000",
                "{\"network\":["
            })
    void refusesWhatIsNoClusterFileAtAll(String content) {
        refusal(content);
    }

    @Test
    void refusesBytesThatAreNoText() {
        assertThrows(
                ClusterFileException.class, () -> ClusterFile.parse("c", new byte[] {(byte) 0xff, (byte) 0xfe, 1}));
    }

    @Test
    void refusesDeepNesting() {
        refusal("[".repeat(100_000));
    }

    @Test
    void cutsLongValuesInMessages() {
        String message = refusal("'name':'b'", "'name':'" + "x".repeat(5000) + "'");
        assertTrue(message.contains("x..."), message);
    }

    @Test
    void refusesWhatCannotBeRead(@TempDir Path directory) throws IOException {
        Path missing = directory.resolve("none.json");
        assertTrue(readRefusal(missing).contains("there is no such file"));
        assertTrue(readRefusal(directory).contains("cannot be read: "));
        Path huge = directory.resolve("huge.json");
        Files.write(huge, new byte[ClusterFile.MAX_BYTES + 1]);
        assertTrue(readRefusal(huge).contains("has more than 16777216 bytes"));
    }

    private static String readRefusal(Path file) {
        String message = assertThrows(ClusterFileException.class, () -> ClusterFile.read(file.toString()))
                .getMessage();
        return String.valueOf(message);
    }

    @Test
    void readsThousandsOfNodes() throws ClusterFileException {
        assertEquals(5000, Clusters.of(5000, true).nodes().size());
    }
}
