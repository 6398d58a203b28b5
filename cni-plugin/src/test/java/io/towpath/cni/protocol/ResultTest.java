package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Results written and read in every version; the golden files are laid out as the reference library does it. */
class ResultTest {
    @ParameterizedTest
    @ValueSource(strings = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
    void fullResultInEveryVersion(String version) throws Exception {
        assertEquals(golden(version), write(ResultSamples.FULL, version));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.0.0", "1.1.0"})
    void newResultsLoseNothingWhenReadBack(String version) throws Exception {
        assertEquals(ResultSamples.FULL, read(golden(version)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.3.0", "0.3.1", "0.4.0"})
    void middleResultsLoseThePropertiesOfInterfaces(String version) throws Exception {
        Result full = ResultSamples.FULL;
        Result expected = new Result(
                List.of(
                        new Result.Interface("cali1", "ee:ee:ee:ee:ee:ee", 0, ""),
                        new Result.Interface("eth0", "02:00:00:00:00:01", 0, "/run/netns/<a&b>")),
                full.ips(),
                full.routes(),
                full.dns());
        assertEquals(expected, read(golden(version)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.1.0", "0.2.0"})
    void oldResultsKeepOneAddressPerFamily(String version) throws Exception {
        Result expected = new Result(
                List.of(),
                List.of(
                        new Result.Ip(IpPrefix.parse("10.1.0.5/16"), IpAddress.parse("10.1.0.1"), null),
                        new Result.Ip(IpPrefix.parse("2001:db8::5/64"), IpAddress.parse("2001:db8::1"), null)),
                List.of(
                        new Result.Route(IpPrefix.parse("0.0.0.0/0"), IpAddress.parse("10.1.0.1")),
                        new Result.Route(IpPrefix.parse("10.9.0.0/16"), null),
                        new Result.Route(IpPrefix.parse("::/0"), IpAddress.parse("2001:db8::1"))),
                ResultSamples.FULL.dns());
        assertEquals(expected, read(golden(version)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.3.0", "0.3.1", "0.4.0"})
    void emptyResultKeepsItsDnsBefore100(String version) throws Exception {
        assertEquals("{\n    \"cniVersion\": \"" + version + "\",\n    \"dns\": {}\n}", write(Result.EMPTY, version));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.0.0", "1.1.0"})
    void emptyResultIsItsVersionFrom100On(String version) throws Exception {
        assertEquals("{\n    \"cniVersion\": \"" + version + "\"\n}", write(Result.EMPTY, version));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.1.0", "0.2.0"})
    void oldVersionsNeedAnAddress(String version) {
        CniException e = assertThrows(CniException.class, () -> ResultWriter.write(Result.EMPTY, version));
        assertEquals("cannot convert: no valid IP addresses", e.msg());
    }

    @Test
    void oldVersionsLeaveOutTheOtherFamily() throws Exception {
        assertEquals("""
                {
                    "cniVersion": "0.2.0",
                    "ip4": {
                        "ip": "10.244.1.5/32"
                    },
                    "dns": {}
                }""", write(ResultSamples.ONE_IPV4, "0.2.0"));
    }

    @Test
    void commonResult() throws Exception {
        assertEquals("""
                {
                    "cniVersion": "1.0.0",
                    "interfaces": [
                        {
                            "mac": "ee:ee:ee:ee:ee:ee",
                            "mtu": 1450,
                            "name": "cali0a1b2c3d4e5"
                        },
                        {
                            "mac": "02:00:00:00:00:01",
                            "mtu": 1450,
                            "name": "eth0",
                            "sandbox": "/run/netns/pod"
                        }
                    ],
                    "ips": [
                        {
                            "address": "10.244.1.5/32",
                            "interface": 1
                        }
                    ]
                }""", write(ResultSamples.ONE_IPV4, "1.0.0"));
    }

    @Test
    void textIsEscapedAsTheReferenceDoes() throws Exception {
        Result result = new Result(
                List.of(new Result.Interface(
                        "\"\\\b\f\n\r\t\u0001\u001f\u007f<>&\u2028é\ud83d\ude00\ud83d", "", 0, "")),
                List.of(),
                List.of(),
                Dns.EMPTY);
        assertEquals(
                "\"name\": \"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u007f\\u003c\\u003e\\u0026\\u2028é\ud83d\ude00\\ufffd\"",
                write(result, "1.1.0").lines().toList().get(4).strip());
    }

    @Test
    void resultWithoutVersionIsReadByItsKeys() throws Exception {
        assertEquals(
                List.of(new Result.Ip(IpPrefix.parse("10.0.0.2/24"), null, null)),
                read("{\"ip4\": {\"ip\": \"10.0.0.2/24\"}}").ips());
        assertEquals(
                List.of(new Result.Ip(IpPrefix.parse("10.0.0.2/24"), null, null)),
                read("{\"ips\": [{\"version\": \"4\", \"address\": \"10.0.0.2/24\", \"gateway\": \"\"}]}")
                        .ips());
        assertEquals(Result.EMPTY, read("{}"));
        assertEquals(Result.EMPTY, read("{\"ips\": null, \"interfaces\": [], \"dns\": {}}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | {'cniVersion': '9.9.9'}",
                "6 | {'cniVersion': 1}",
                "6 | {'interfaces': {}}",
                "6 | {'interfaces': [null]}",
                "6 | {'interfaces': [{'name': 1}]}",
                "6 | {'interfaces': [{'mtu': '1500'}]}",
                "7 | {'interfaces': [{'mtu': -1}]}",
                "7 | {'interfaces': [{'mtu': 9223372036854775808}]}",
                "6 | {'ips': [5]}",
                "7 | {'ips': [{}]}",
                "7 | {'ips': [{'address': '10.0.0.2'}]}",
                "7 | {'ips': [{'address': '10.0.0.2/33'}]}",
                "7 | {'ips': [{'address': '10.0.0.2/24', 'gateway': 'x'}]}",
                "7 | {'ips': [{'address': '10.0.0.2/24', 'interface': 0}]}",
                "7 | {'interfaces': [{}], 'ips': [{'address': '10.0.0.2/24', 'interface': -1}]}",
                "6 | {'interfaces': [{}], 'ips': [{'address': '10.0.0.2/24', 'interface': 0.5}]}",
                "7 | {'routes': [{'gw': '10.0.0.1'}]}",
                "7 | {'routes': [{'dst': '0.0.0.0/0', 'priority': 4294967296}]}",
                "7 | {'routes': [{'dst': '0.0.0.0/0', 'scope': 256}]}",
                "6 | {'dns': []}",
                "6 | {'dns': {'search': 'a'}}",
                "6 | {'dns': {'search': [1]}}",
                "6 | {'ip4': []}",
                "7 | {'ip4': {}}",
                "6 | {'ip6': {'ip': '::1/128', 'routes': {}}}"
            })
    void resultThatIsNotUnderstood(int code, String json) {
        CniException e = assertThrows(CniException.class, () -> read(json.replace('\'', '"')));
        assertEquals(code, e.code(), e.msg());
    }

    private static String write(Result result, String version) throws CniException {
        return new String(ResultWriter.write(result, version), StandardCharsets.UTF_8);
    }

    private static Result read(String json) throws CniException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return ResultReader.read(new Fields((ObjectNode) Json.read(bytes, bytes.length), "prevResult."));
    }

    private static String golden(String version) throws IOException {
        String name = "result-" + version + ".json";
        try (InputStream in = ResultTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
