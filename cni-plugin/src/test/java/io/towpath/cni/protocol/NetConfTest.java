package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.ipam.Attachment;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of a network configuration: what they mean, and what is said about one that means nothing. */
class NetConfTest {
    @Test
    void defaults() {
        NetConf conf = read("ADD", "");
        assertEquals("1.1.0", conf.cniVersion());
        assertEquals("net", conf.name());
        assertEquals("towpath", conf.type());
        assertEquals(0, conf.mtu());
        assertEquals("/etc/towpath/cluster.json", conf.clusterFile());
        assertEquals("/run/towpath", conf.stateDir());
        assertEquals("/run/flannel/subnet.env", conf.subnetEnv());
        assertTrue(conf.dns().isEmpty());
        assertEquals(RuntimeConfig.EMPTY, conf.runtimeConfig());
        assertNull(conf.mac());
        assertNull(conf.policy());
        assertNull(conf.validAttachments());
        assertTrue(conf.ipam().isMissingNode());
    }

    @Test
    void everythingGiven() {
        NetConf conf = read("ADD", """
                'mtu': 1400, 'clusterFile': '/c', 'stateDir': '/s', 'subnetEnv': '/e',
                'dns': {'nameservers': ['10.0.0.10'], 'domain': 'd', 'search': ['s'], 'options': ['o']},
                'capabilities': {'ips': true, 'mac': true, 'dns': false},
                'runtimeConfig': {'ips': ['10.0.0.5/24'], 'mac': '02:00:00:00:00:01', 'ipRanges': [[]],
                    'dns': {'servers': ['10.0.0.11'], 'searches': ['t'], 'options': ['p']}, 'aliases': ['x', 'y'],
                    'bandwidth': {'ingressRate': 1000, 'ingressBurst': 20000, 'egressRate': 8, 'egressBurst': 34359738358}},
                'args': {'cni': {'ips': ['10.0.0.6'], 'labels': [{'key': 'app', 'value': 'a'}]}},
                'policy': {'type': 'k8s', 'socket': '/a', 'waitSeconds': 3, 'onFailure': 'continue'},
                'ipam': {'type': 'host-local', 'subnet': 'usePodCidr'}""");
        assertEquals(new PolicyConf("/a", 3, true), conf.policy());
        assertEquals(
                new PolicyConf("/run/towpath/agent.sock", 90, false),
                read("ADD", "'policy': {'type': 'k8s', 'onFailure': 'fail'}").policy());
        assertEquals(1400, conf.mtu());
        assertEquals("/c", conf.clusterFile());
        assertEquals("/s", conf.stateDir());
        assertEquals("/e", conf.subnetEnv());
        assertEquals(new Dns(List.of("10.0.0.10"), "d", List.of("s"), List.of("o")), conf.dns());
        assertEquals(
                new RuntimeConfig(
                        List.of("10.0.0.5/24"),
                        MacAddress.parse("02:00:00:00:00:01"),
                        new Dns(List.of("10.0.0.11"), "", List.of("t"), List.of("p")),
                        List.of("x", "y"),
                        List.of(),
                        new Bandwidth(new Bandwidth.Limit(1000, 20_000), new Bandwidth.Limit(8, 34_359_738_358L))),
                conf.runtimeConfig());
        assertEquals("usePodCidr", conf.ipam().path("subnet").textValue());
        assertEquals("host-local", conf.tree().path("ipam").path("type").textValue());
    }

    @Test
    void keysAreFoundInAnyCase() {
        NetConf conf =
                read("ADD", "'MTU': 1400, 'IPAM': {'DataDir': '/x'}, 'runtimeconfig': {'MAC': '02:00:00:00:00:01'}");
        assertEquals(1400, conf.mtu());
        assertEquals("/x", conf.ipam().path("dataDir").textValue());
        assertEquals(MacAddress.parse("02:00:00:00:00:01"), conf.mac());
        assertEquals(1300, read("ADD", "'mtu': 1400, 'MTU': 1300").mtu());
    }

    /** A pod whose policies nobody waits for is in the network unprotected. */
    @Test
    void thePolicyIsFoundInAnyCase() {
        assertEquals(
                new PolicyConf("/a", 3, true),
                read("ADD", "'Policy': {'TYPE': 'k8s', 'Socket': '/a', 'waitseconds': 3, 'OnFailure': 'continue'}")
                        .policy());
        assertEquals(
                new PolicyConf("/a", 90, false),
                read("STATUS", "'POLICY': {'type': 'k8s', 'SOCKET': '/a'}").policy());
    }

    @ParameterizedTest
    @CsvSource({
        "polcy, policy",
        "policys, policy",
        "Policy_, policy",
        "cluster_file, clusterFile",
        "StateDirs, stateDir",
        "state-dir, stateDir",
        "includeDefaultRoutes, include_default_routes",
        "capabilites, capabilities",
        "clutserFile, clusterFile",
        "CNI_DEV_VALID_ATTACHMENTS, cni.dev/valid-attachments",
    })
    void aKeyThatIsNearlyOneIsRefused(String key, String meant) {
        String more = "'" + key + "': {}";
        String msg =
                "network config key \"" + key + "\" is not known: write \"" + meant + "\", if that is what is meant";
        call("ADD", more).run().assertError(7, msg, "");
        call("STATUS", more).run().assertError(7, msg, "");
        call("DEL", more).run().assertSuccess("del");
    }

    /** So that none is read which would not be found in another case. */
    @Test
    void whatIsNotAmongTheKnownKeysCannotBeRead() {
        IllegalStateException refused = assertThrows(IllegalStateException.class, () -> Fields.NONE.value("nowhere"));
        assertEquals("key nowhere is not among those that are found in any case", refused.getMessage());
    }

    @Test
    void aKeyOfTheIpamThatIsNearlyOneIsRefused() {
        call("ADD", "'ipam': {'type': 'host-local', 'range_start': '10.0.0.5'}")
                .run()
                .assertError(
                        7,
                        "network config key \"ipam.range_start\" is not known: write \"rangeStart\", if that is what is meant",
                        "");
    }

    /** Those of other plugins, which operators copy from list to list. */
    @Test
    void keysThatAreLikeNoneArePassed() {
        call("ADD", """
                'bridge': 'cni0', 'master': 'eth0', 'mode': 'l2', 'isGateway': true, 'isDefaultGateway': true, 'vlan': 5,
                'hairpinMode': true, 'promiscMode': true, 'snat': true, 'masqAll': true, 'delegate': {}, 'sysctl': {}, 'log_level': 'info',
                'datastore_type': 'kubernetes', 'nodename': 'a', 'kubernetes': {}, 'backend': 'nftables', 'cniVersions': ['1.0.0'],
                'externalSetMarkChain': 'x', 'disableCheck': true, 'ingressPolicy': 'same-bridge', 'mru': 1""").run().assertSuccess("add");
    }

    @Test
    void requestedMacByPrecedence() {
        String byCapability = "'runtimeConfig': {'mac': '02:00:00:00:00:01'}";
        String byArgs = "'args': {'cni': {'mac': '02:00:00:00:00:02'}}";
        String cniArgs = "MAC=02:00:00:00:00:03";
        assertEquals("02:00:00:00:00:01", mac(byCapability + ", " + byArgs, cniArgs));
        assertEquals("02:00:00:00:00:02", mac(byArgs, cniArgs));
        assertEquals("02:00:00:00:00:03", mac("", cniArgs));
        assertEquals("null", mac("", "IgnoreUnknown=1"));
        assertEquals("null", mac("'runtimeConfig': {'mac': ''}", "MAC="));
    }

    private static String mac(String more, String args) {
        return String.valueOf(
                call("ADD", more).with("CNI_ARGS", args).run().request().conf().mac());
    }

    @Test
    void previousResult() {
        Result result = read("ADD", "'prevResult': {'cniVersion': '1.1.0', 'ips': [{'address': '10.0.0.2/24'}]}")
                .prevResult();
        assertNotNull(result);
        assertEquals("10.0.0.2/24", result.ips().getFirst().address().toString());
        assertNull(read("DEL", "'prevResult': null").prevResult());
        assertNull(read("STATUS", "'prevResult': 5").prevResult());
    }

    @Test
    void validAttachments() {
        String one = "[{'containerID': 'c', 'ifname': 'eth0'}]";
        assertNull(read("GC", "").validAttachments());
        assertNull(read("GC", "'cni.dev/valid-attachments': null").validAttachments());
        assertEquals(Set.of(), read("GC", "'cni.dev/valid-attachments': []").validAttachments());
        assertEquals(
                Set.of(new Attachment("c", "eth0")),
                read("GC", "'cni.dev/valid-attachments': " + one).validAttachments());
        assertEquals(
                Set.of(new Attachment("c", "eth0")),
                read("GC", "'cni.dev/attachments': " + one).validAttachments());
        assertEquals(
                Set.of(),
                read("GC", "'cni.dev/valid-attachments': [], 'cni.dev/attachments': " + one)
                        .validAttachments());
        assertNull(read("ADD", "'cni.dev/valid-attachments': 5").validAttachments());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type | a string",
                "mtu | an integer",
                "clusterFile | a string",
                "stateDir | a string",
                "subnetEnv | a string",
                "dns | an object",
                "dns.nameservers | an array",
                "dns.domain | a string",
                "dns.search | an array",
                "dns.options | an array",
                "capabilities | an object",
                "capabilities.ips | a boolean",
                "ipMasq | a boolean",
                "include_default_routes | a boolean",
                "ipam | an object",
                "ipam.type | a string",
                "args | an object",
                "args.cni | an object",
                "args.cni.ips | an array",
                "args.cni.mac | a string",
                "runtimeConfig | an object",
                "runtimeConfig.ips | an array",
                "runtimeConfig.mac | a string",
                "runtimeConfig.ipRanges | an array",
                "runtimeConfig.dns | an object",
                "runtimeConfig.dns.servers | an array",
                "runtimeConfig.dns.searches | an array",
                "runtimeConfig.dns.options | an array",
                "runtimeConfig.aliases | an array",
                "runtimeConfig.portMappings | an array",
                "runtimeConfig.bandwidth | an object",
                "runtimeConfig.bandwidth.ingressRate | an integer",
                "prevResult | an object"
            })
    void wrongTypeOfEveryKey(String path, String expected) {
        for (String wrong : List.of("1.5", "'x'", "true", "[]", "{}")) {
            if (typeName(wrong).equals(expected)) {
                continue;
            }
            String more = nested(path.split("\\.", -1), wrong);
            call("ADD", more)
                    .run()
                    .assertError(
                            6,
                            "network config key \"" + path + "\" must be " + expected + ", not " + typeName(wrong),
                            "");
            call("DEL", more).run().assertSuccess("del");
        }
        assertEquals(0, call("ADD", nested(path.split("\\.", -1), "null")).run().exitCode());
    }

    private static String typeName(String json) {
        return switch (json.charAt(0)) {
            case '\'' -> "a string";
            case 't' -> "a boolean";
            case '[' -> "an array";
            case '{' -> "an object";
            default -> "a number";
        };
    }

    private static String nested(String[] path, String value) {
        String json = value;
        for (int i = path.length - 1; i > 0; i--) {
            json = "{'" + path[i] + "': " + json + "}";
        }
        return "'" + path[0] + "': " + json;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'name': 5 | 6 | network config key \"name\" must be a string, not a number",
                "'cniVersion': 5 | 6 | network config key \"cniVersion\" must be a string, not a number",
                "'policy': {'type': 'calico'} | 7 | network config key \"policy.type\" must be \"k8s\"",
                "'policy': {} | 7 | network config key \"policy.type\" must be \"k8s\"",
                "'policy': {'type': 'k8s', 'wait': 3} | 7 | network config key \"policy.wait\" is not known: there are type, socket, waitSeconds, onFailure",
                "'policy': {'type': 'k8s', 'waitSeconds': 0} | 7 | network config key \"policy.waitSeconds\" must be between 1 and 120",
                "'policy': {'type': 'k8s', 'waitSeconds': 121} | 7 | network config key \"policy.waitSeconds\" must be between 1 and 120",
                "'policy': {'type': 'k8s', 'onFailure': 'no'} | 7 | network config key \"policy.onFailure\" must be \"fail\" or \"continue\", not \"no\"",
                "'policy': {'type': 'k8s', 'socket': 'agent.sock'} | 7 | network config key \"policy.socket\" must be an absolute path, not \"agent.sock\"",
                "'policy': 'k8s' | 6 | network config key \"policy\" must be an object, not a string",
                "'mtu': 67 | 7 | network config key \"mtu\" must be 0 or between 68 and 65535",
                "'mtu': -1 | 7 | network config key \"mtu\" must be between 0 and 65535",
                "'mtu': 65536 | 7 | network config key \"mtu\" must be between 0 and 65535",
                "'mtu': 99999999999999999999 | 7 | network config key \"mtu\" must be between 0 and 65535",
                "'stateDir': 'x' | 7 | network config key \"stateDir\" must be an absolute path, not \"x\"",
                "'stateDir': '/a\\u0000b' | 7 | network config key \"stateDir\" must be an absolute path, not \"/a\\x00b\"",
                "'runtimeConfig': {'mac': 'x'} | 7 | network config key \"runtimeConfig.mac\" is no unicast MAC address: \"x\"",
                "'runtimeConfig': {'aliases': [1]} | 6 | network config key \"runtimeConfig.aliases[0]\" must be a string, not a number",
                "'dns': {'search': ['a', null]} | 6 | network config key \"dns.search[1]\" must be a string, not null",
                "'prevResult': {'ips': [{'address': 'x'}]} | 7 | network config key \"prevResult.ips[0].address\" is no address in CIDR notation: \"x\"",
            })
    void valueThatCannotBeMeant(String more, int code, String msg) {
        call("ADD", more).run().assertError(code, msg, "");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "5 | 6",
                "{} | 6",
                "[5] | 6",
                "[null] | 6",
                "[{}] | 7",
                "[{'containerID': 'c'}] | 7",
                "[{'containerID': 'c', 'ifname': ''}] | 7",
                "[{'containerID': 5, 'ifname': 'eth0'}] | 6"
            })
    void attachmentsThatAreNotUnderstoodRemoveNothing(String json, int code) {
        for (String key : List.of("cni.dev/valid-attachments", "cni.dev/attachments")) {
            Call.Outcome outcome = call("GC", "'" + key + "': " + json).run();
            assertEquals(code, outcome.error().path("code").intValue());
            assertTrue(outcome.error().path("msg").textValue().contains(key), outcome.stdout());
            assertEquals(List.of(), outcome.called());
        }
    }

    @Test
    void portMappings() {
        String more = """
                'runtimeConfig': {'portMappings': [
                    {'hostPort': 8080, 'containerPort': 80, 'protocol': 'UDP', 'hostIP': '192.0.2.1'},
                    {'hostPort': 65535, 'containerPort': 1, 'protocol': 'sctp', 'hostIP': '::'},
                    {'hostPort': 1, 'containerPort': 65535, 'hostIP': '', 'protocol': ''}]}""";
        assertEquals(
                List.of(
                        new PortMapping(PortMapping.Protocol.UDP, 8080, 80, IpAddress.parse("192.0.2.1")),
                        new PortMapping(PortMapping.Protocol.SCTP, 65_535, 1, IpAddress.parse("::")),
                        new PortMapping(PortMapping.Protocol.TCP, 1, 65_535, null)),
                read("ADD", more).runtimeConfig().portMappings());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'containerPort': 80 | hostPort\" is missing",
                "'hostPort': 80 | containerPort\" is missing",
                "'hostPort': 0, 'containerPort': 80 | hostPort\" must be between 1 and 65535",
                "'hostPort': 80, 'containerPort': 65536 | containerPort\" must be between 1 and 65535",
                "'hostPort': 80, 'containerPort': 80, 'protocol': 'icmp' | protocol\" must be tcp, udp or sctp, not \"icmp\"",
                "'hostPort': 80, 'containerPort': 80, 'hostIP': 'x' | hostIP\" is no IP address: \"x\"",
            })
    void portMappingThatCannotBeMeant(String mapping, String what) {
        String more = "'runtimeConfig': {'portMappings': [{" + mapping + "}]}";
        call("ADD", more).run().assertError(7, "network config key \"runtimeConfig.portMappings[0]." + what, "");
        call("DEL", more).run().assertSuccess("del");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'ingressRate': 1000 | ingressBurst | must be set if ingressRate is",
                "'ingressBurst': 1000 | ingressRate | must be set if ingressBurst is",
                "'egressRate': 1000, 'egressBurst': 0 | egressBurst | must be set if egressRate is",
                "'egressRate': 0, 'egressBurst': 1000 | egressRate | must be set if egressBurst is",
                "'egressRate': 7, 'egressBurst': 1000 | egressRate | must be 0 or at least 8",
                "'egressRate': -1, 'egressBurst': 1000 | egressRate | must be between 0 and 9223372036854775807",
                "'egressRate': 1000, 'egressBurst': 34359738361 | egressBurst | must be between 0 and 34359738359",
            })
    void bandwidthThatCannotBeMeant(String bandwidth, String key, String what) {
        String more = "'runtimeConfig': {'bandwidth': {" + bandwidth + "}}";
        call("ADD", more)
                .run()
                .assertError(7, "network config key \"runtimeConfig.bandwidth." + key + "\" " + what, "");
        call("DEL", more).run().assertSuccess("del");
    }

    /** What runtimes say that were told of no burst, which would let hundreds of megabytes pass before the rate counts. */
    @ParameterizedTest
    @CsvSource({
        "10000000, 4294967295, 1048576",
        "10000000, 2147483647, 1048576",
        "10000000, 34359738359, 1048576",
        "10000000, 34359738360, 1048576",
        "1000000000, 4294967295, 25000000",
        "9223372036854775807, 4294967295, 34359738359",
        "10000000, 4294967294, 4294967294",
        "10000000, 1600000, 1600000",
        "0, 4294967295, 0",
    })
    void aBurstThatWasNotToldIsASmallOne(long rate, String said, long meant) {
        String limits = "'ingressRate': " + rate + ", 'ingressBurst': " + said + ", 'egressRate': " + rate
                + ", 'egressBurst': " + said;
        Bandwidth.Limit limit = new Bandwidth.Limit(rate, meant);
        assertEquals(
                new Bandwidth(limit, limit),
                read("ADD", "'runtimeConfig': {'bandwidth': {" + limits + "}}")
                        .runtimeConfig()
                        .bandwidth());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'portMappings': []",
                "'portMappings': null",
                "'bandwidth': {}",
                "'bandwidth': null",
                "'bandwidth': {'ingressRate': 0, 'ingressBurst': 0, 'egressRate': 0, 'egressBurst': 0}",
                "'cgroupPath': '/x', 'deviceID': 'y'"
            })
    void capabilitiesThatAskForNothingArePassed(String runtime) {
        call("ADD", "'runtimeConfig': {" + runtime + "}").run().assertSuccess("add");
    }

    @Test
    void masqueradingIsRefused() {
        call("ADD", "'ipMasq': true")
                .run()
                .assertError(
                        2,
                        "unsupported field ipMasq: true",
                        "remove \"ipMasq\" from this network: masquerading is not done by this plugin");
        call("ADD", "'ipMasq': false").run().assertSuccess("add");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ADD", "CHECK", "STATUS"})
    void addressesOfAnotherIpamAreRefused(String verb) {
        call(verb, "'ipam': {'type': 'dhcp'}")
                .run()
                .assertError(
                        2,
                        "unsupported field ipam.type: \"dhcp\"",
                        "say \"host-local\": this plugin manages addresses itself, in the store of that one");
        assertEquals(0, call(verb, "'ipam': {'type': 'host-local'}").run().exitCode());
        call("DEL", "'ipam': {'type': 'dhcp'}").run().assertSuccess("del");
    }

    @Test
    void delSaysWhatItDoesWithout() {
        Call.Outcome outcome = call("DEL", "'mtu': 'x', 'prevResult': {'ips': 5}")
                .with("CNI_ARGS", "nonsense")
                .run();
        outcome.assertSuccess("del");
        assertNull(outcome.request().conf().prevResult());
        assertEquals("", outcome.request().args().podName());
        assertEquals("""
                DEL goes on without what it cannot read: invalid CNI_ARGS: ARGS: invalid pair "nonsense"
                DEL goes on without what it cannot read: network config key "mtu" must be an integer, not a string
                DEL goes on without what it cannot read: network config key "prevResult.ips" must be an array, not a number
                """, outcome.stderr());
    }

    private static Call call(String verb, String more) {
        String prevResult = more.contains("prevResult") ? "" : ", 'prevResult': {}";
        String separator = more.isEmpty() ? "" : ", ";
        String json = "{'cniVersion': '1.1.0', 'name': 'net', 'type': 'towpath'" + separator + more + prevResult + "}";
        return new Call(verb, json.replace('\'', '"')).without("CNI_ARGS");
    }

    private static NetConf read(String verb, String more) {
        return call(verb, more).run().request().conf();
    }
}
