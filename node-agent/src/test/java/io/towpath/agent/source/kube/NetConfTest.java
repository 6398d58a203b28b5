package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpPrefix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetConfTest {
    @Test
    void whatCanalShips() throws NetConfException {
        assertEquals(
                new NetConf(List.of(IpPrefix.parse("10.244.0.0/16")), 1, 8472, 0, false, false, false),
                NetConf.parse("net-conf.json", """
                        {"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}"""));
    }

    @Test
    void everyOption(@TempDir Path folder) throws IOException, NetConfException {
        Path file = Files.writeString(folder.resolve("net-conf.json"), """
                {"Network": "10.244.7.0/16", "EnableIPv6": true, "IPv6Network": "fd00:10::/56", "SubnetLen": 24, "enablenftables": true,
                 "SubnetMin": "10.244.1.0", "SubnetMax": "10.244.9.0", "IPv6SubnetLen": 64, "IPv6SubnetMin": null, "EnableIPv4": true,
                 "backend": {"type": "VXLAN", "VNI": 4096, "port": 4789, "MTU": 1450, "GBP": true, "Learning": true, "directRouting": true,
                             "MacPrefix": "0E-2A", "Name": "flannel.7"}}""");
        assertEquals(
                new NetConf(
                        List.of(IpPrefix.parse("10.244.0.0/16"), IpPrefix.parse("fd00:10::/56")),
                        4096,
                        4789,
                        1450,
                        true,
                        true,
                        true),
                NetConf.read(file));
        NetConfException missing = assertThrows(NetConfException.class, () -> NetConf.read(folder.resolve("none")));
        assertTrue(String.valueOf(missing.getMessage()).contains("cannot be read"));
    }

    @Test
    void portNullIsTheKernels() throws NetConfException {
        assertEquals(8472, NetConf.parse("c", """
                {"EnableIPv4": false, "EnableIPv6": true, "IPv6Network": "fd00::/56", "Backend": {"Type": "vxlan", "Port": 0}}""").port());
    }

    /** As of Go's decoder, which flanneld has: a null changes nothing. */
    @Test
    void theLastOfEqualKeysCounts() throws NetConfException {
        NetConf conf = NetConf.parse("c", """
                {"Network": "10.0.0.0/8", "network": "10.244.0.0/16", "Network": null,
                 "Backend": {"Type": "vxlan", "VNI": 2, "vni": 3, "Vni": null}}""");
        assertEquals(List.of(IpPrefix.parse("10.244.0.0/16")), conf.networks());
        assertEquals(3, conf.vni());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{                                                                     | is no JSON",
                "[]                                                                    | is no JSON object",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\"}} }     | is no JSON: see line 1",
                "{\"Backend\": {\"Type\": \"vxlan\"}}                                  | Network is missing",
                "{\"Network\": \"10.0.0.0\", \"Backend\": {\"Type\": \"vxlan\"}}       | Network is \"10.0.0.0\"",
                "{\"Network\": \"fd00::/56\", \"Backend\": {\"Type\": \"vxlan\"}}      | no IPv4 network",
                "{\"Network\": \"10.0.0.0/8\"}                                         | Backend.Type is missing",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"host-gw\"}}   | Backend.Type is \"host-gw\"",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"VNI\": 16777216}} | VNI is 16777216",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"Port\": \"8472\"}} | Port is \"8472\"",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"GBP\": 1}} | GBP is 1",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"VNI\": 1.0}} | VNI is 1.0",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"MTU\": -1}}  | MTU is -1",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": {\"Type\": \"vxlan\", \"Learning\": \"on\"}} | Learning is \"on\"",
                "{\"Network\": \"10.0.0.0/8\", \"Backend\": \"vxlan\"}                 | Backend.Type is missing",
                "{\"EnableIPv4\": false, \"Backend\": {\"Type\": \"vxlan\"}}           | both false",
            })
    void whatIsWrongIsNamed(String content, String problem) {
        NetConfException wrong = assertThrows(NetConfException.class, () -> NetConf.parse("net-conf.json", content));
        String message = String.valueOf(wrong.getMessage());
        assertTrue(message.startsWith("net-conf.json"), message);
        assertTrue(message.contains(problem), message);
    }
}
