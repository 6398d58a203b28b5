package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.towpath.net.IpAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpamConfigReaderTest {
    @TempDir
    Path dir;

    private IpamConfig read(String json) throws Exception {
        return read(json, "");
    }

    private IpamConfig read(String json, String requested) throws Exception {
        return new IpamConfigReader(dir + "/node.json", dir + "/subnet.env")
                .read(new ObjectMapper().readTree(json.replace('\'', '"')), requested);
    }

    private List<String> sets(String json) throws Exception {
        return read(json).rangeSets().stream().map(RangeSet::toString).toList();
    }

    private IpamException refused(String json) {
        return assertThrows(IpamException.class, () -> read(json));
    }

    /** So that none is read which the executable would not find in another case. */
    @Test
    void whatIsNotAmongTheKnownKeysCannotBeRead() {
        assertThrows(IllegalStateException.class, () -> Json.has(JsonNodeFactory.instance.objectNode(), "nowhere"));
    }

    @Test
    void theOldSingleRangeComesBeforeRangesAndTheRuntimesBeforeAll() throws Exception {
        assertEquals(
                List.of("11.1.2.1-11.1.2.254", "10.1.2.9-10.1.2.20", "10.1.4.1-10.1.4.254,10.1.5.1-10.1.5.254"),
                sets("""
                {'cniVersion':'0.3.1','runtimeConfig':{'ipRanges':[[{'subnet':'11.1.2.0/24'}]]},
                 'ipam':{'subnet':'10.1.2.0/24','rangeStart':'10.1.2.9','rangeEnd':'10.1.2.20','gateway':'10.1.2.30',
                         'ranges':[[{'subnet':'10.1.4.0/24'},{'subnet':'10.1.5.0/24'}]]}}"""));
    }

    @Test
    void boundsAndGatewayHaveTheirDefaults() throws Exception {
        Range v4 = read("{'ipam':{'subnet':'192.0.2.0/24'}}")
                .rangeSets()
                .getFirst()
                .ranges()
                .getFirst();
        assertEquals("192.0.2.1-192.0.2.254", v4.toString());
        assertEquals(IpAddress.parse("192.0.2.1"), v4.gateway());
        assertEquals(253, v4.capacity());
        Range v6 = read("{'ipam':{'subnet':'2001:db8:1::/64'}}")
                .rangeSets()
                .getFirst()
                .ranges()
                .getFirst();
        assertEquals("2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff", v6.toString());
        assertEquals(Long.MAX_VALUE, v6.capacity());
        Range start = read("{'ipam':{'subnet':'192.0.2.0/24','rangeStart':'192.0.2.40','rangeEnd':'192.0.2.50'}}")
                .rangeSets()
                .getFirst()
                .ranges()
                .getFirst();
        assertEquals(IpAddress.parse("192.0.2.1"), start.gateway());
        assertEquals(11, start.capacity());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'subnet':'192.0.2.0/31'} | invalid range set 0: Network 192.0.2.0/31 too small to allocate from",
                "{'subnet':'2001:db8::/127'} | invalid range set 0: Network 2001:db8::/127 too small to allocate from",
                "{'subnet':'192.0.2.12/24'} | invalid range set 0: Network has host bits set. For a subnet mask of"
                        + " length 24 the network address is 192.0.2.0",
                "{'subnet':'192.0.2.0/24','rangeStart':'192.0.3.0'} | invalid range set 0: RangeStart 192.0.3.0 not in"
                        + " network 192.0.2.0/24",
                "{'subnet':'192.0.2.0/24','rangeEnd':'192.0.4.0'} | invalid range set 0: RangeEnd 192.0.4.0 not in"
                        + " network 192.0.2.0/24",
                "{'subnet':'192.0.2.0/24','rangeStart':'192.0.2.50','rangeEnd':'192.0.2.40'} | invalid range set 0:"
                        + " RangeStart 192.0.2.50 not in network 192.0.2.0/24",
                "{'ranges':[[]]} | invalid range set 0: empty range set",
                "{'ranges':[[{'subnet':'10.1.2.0/24'},{'subnet':'2001:db8:5::/64'}]]} | invalid range set 0: mixed"
                        + " address families",
                "{'ranges':[[{'subnet':'10.1.0.0/16'},{'subnet':'10.1.2.0/24'}]]} | invalid range set 0: subnets"
                        + " 10.1.0.1-10.1.255.254 and 10.1.2.1-10.1.2.254 overlap",
                "{'ranges':[[{'subnet':'10.1.0.0/16'}],[{'subnet':'10.1.2.0/24'}]]} | range set 0 overlaps with 1",
                "{'type':'host-local'} | no IP ranges specified",
                "{'subnet':'10.1.2.0'} | invalid range set 0: network config key \"ipam.subnet\" is no subnet in CIDR"
                        + " notation: \"10.1.2.0\"",
                "{'subnet':''} | network config key \"ipam.subnet\" is missing",
                "{'ranges':[[{'rangeStart':'10.1.2.3'}]]} | network config key \"ipam.ranges[0][0].subnet\" is missing",
            })
    void whatCannotBeMeantIsRefused(String ipam, String message) {
        IpamException e = refused("{'cniVersion':'1.0.0','ipam':" + ipam + "}");
        assertEquals(IpamException.INVALID_CONFIG, e.code());
        assertTrue(message.endsWith(e.message()) || message.equals(e.message()), e.message());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'ipam':[]",
                "'ipam':{'subnet':1}",
                "'ipam':{'subnet':'10.1.2.0/24','rangeStart':{}}",
                "'ipam':{'ranges':{}}",
                "'ipam':{'ranges':[{'subnet':'10.1.2.0/24'}]}",
                "'ipam':{'subnet':'10.1.2.0/24','routes':'x'}",
                "'ipam':{'subnet':'10.1.2.0/24','routes':[{'dst':'0.0.0.0/0','mtu':'x'}]}",
                "'ipam':{'subnet':'10.1.2.0/24','resolvConf':[]}",
                "'ipam':{'subnet':'10.1.2.0/24'},'runtimeConfig':{'ips':'10.1.2.3'}",
                "'ipam':{'subnet':'10.1.2.0/24'},'runtimeConfig':{'ips':[3]}",
                "'ipam':{'subnet':'10.1.2.0/24'},'args':{'cni':{'ips':{}}}",
            })
    void wrongTypesAreUndecodable(String body) {
        assertEquals(IpamException.DECODING_FAILURE, refused("{" + body + "}").code());
    }

    @Test
    void severalAddressesOfAFamilyNeedAVersionThatCanSayThem() throws Exception {
        String ranges = "'ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'10.1.3.0/24'}]]}";
        for (String version : List.of("", "0.1.0", "0.2.0")) {
            assertEquals(
                    "CNI version " + version + " does not support more than 1 address per family",
                    refused("{'cniVersion':'" + version + "'," + ranges + "}").message());
        }
        for (String version : List.of("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")) {
            assertEquals(
                    2, sets("{'cniVersion':'" + version + "'," + ranges + "}").size());
        }
        assertEquals(
                2,
                sets("{'cniVersion':'0.2.0','ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'fd00::/64'}]]}}")
                        .size());
    }

    @Test
    void requestedAddressesComeFromArgsConfigurationAndRuntime() throws Exception {
        IpamConfig config = read("""
                {'ipam':{'subnet':'10.1.2.0/24'},'args':{'cni':{'ips':['10.1.2.11','10.1.2.12/24']}},
                 'runtimeConfig':{'ips':['10.1.2.13','2001:db8::5/64']}}""", "10.1.2.10");
        assertEquals(
                "[10.1.2.10, 10.1.2.11, 10.1.2.12, 10.1.2.13, 2001:db8::5]",
                config.requested().toString());
    }

    @Test
    void routesKeepAllTheirFields() throws Exception {
        IpamConfig config = read("""
                {'ipam':{'subnet':'10.1.2.0/24','routes':[{'dst':'0.0.0.0/0'},
                 {'dst':'10.9.0.0/16','gw':'10.1.2.9','mtu':1400,'advmss':1360,'priority':7,'table':99,'scope':253}]}}""");
        assertEquals(IpAddress.parse("10.1.2.9"), config.routes().get(1).gateway());
        assertEquals(1400, config.routes().get(1).mtu());
        assertEquals(1360, config.routes().get(1).advmss());
        assertEquals(7, config.routes().get(1).priority());
        assertEquals(99L, config.routes().get(1).table());
        assertEquals(253, config.routes().get(1).scope());
        assertEquals(null, config.routes().getFirst().table());
    }

    @Test
    void theNodesSlicesComeFromTheStateFileElseFromFlannels() throws Exception {
        String own = "{'cniVersion':'1.0.0','ipam':{'subnet':'usePodCidr'}}";
        String each =
                "{'cniVersion':'1.0.0','ipam':{'ranges':[[{'subnet':'usePodCidr'}],[{'subnet':'usePodCidrIPv6'}]]}}";
        assertTrue(refused(own).message().contains("neither " + dir + "/node.json nor " + dir + "/subnet.env"));
        assertEquals(IpamException.TRY_AGAIN_LATER, refused(own).code());
        Files.writeString(dir.resolve("subnet.env"), """
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=10.244.3.1/24
                FLANNEL_MTU=1450
                FLANNEL_IPMASQ=true
                """);
        assertEquals(List.of("10.244.3.1-10.244.3.254"), sets(own));
        assertTrue(refused(each).message().contains("asks for an IPv6 slice"));
        NodeState state = NodeState.read(dir + "/node.json", dir + "/subnet.env");
        assertEquals(1450, state == null ? 0 : state.mtu());
        Files.writeString(
                dir.resolve("node.json"),
                "{\"node\":\"a\",\"networks\":[\"10.244.0.0/16\"],\"slices\":[\"10.244.1.0/24\",\"fd00:1::/64\"],\"mtu\":1400}");
        List<String> both = List.of("10.244.1.1-10.244.1.254", "fd00:1::1-fd00:1::ffff:ffff:ffff:ffff");
        assertEquals(both, sets(own));
        assertEquals(both, sets(each));
        assertEquals(
                List.of("10.244.1.9-10.244.1.254", both.get(1)),
                sets("{'ipam':{'subnet':'usePodCidr','rangeStart':'10.244.1.9'}}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rangeStart", "rangeEnd", "gateway"})
    void aBoundOutsideAllSlicesIsRefused(String key) throws Exception {
        Files.writeString(dir.resolve("node.json"), "{\"slices\":[\"10.244.1.0/24\"]}");
        assertEquals(
                "network config key \"ipam." + key + "\" is in none of this node's slices [10.244.1.0/24]: 10.9.9.9",
                refused("{'ipam':{'subnet':'usePodCidr','" + key + "':'10.9.9.9'}}")
                        .message());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{\"slices\":[]}", "{\"slices\":[\"x\"]}", "{\"slices\":\"10.0.0.0/24\"}"})
    void aStateFileThatCannotBeUsedIsNamed(String content) throws Exception {
        Files.writeString(dir.resolve("node.json"), content);
        assertTrue(refused("{'ipam':{'subnet':'usePodCidr'}}").message().startsWith(dir + "/node.json cannot be used"));
    }

    @Test
    void resolvConfIsReadAsTheReferencePluginDoes() {
        assertEquals(
                new IpamDns(
                        List.of("192.0.2.1", "::1"),
                        "b.example",
                        List.of("old.example", "x.example", "y.example"),
                        List.of("ndots:5", "rotate")),
                ResolvConf.parse("""
                        # a comment
                        nameserver 192.0.2.1
                          nameserver   ::1
                        domain a.example
                        domain b.example
                        search old.example
                        search x.example y.example
                        options ndots:5 rotate
                        nameserver
                        ; another
                        """));
    }
}
