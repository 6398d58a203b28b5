package io.towpath.cni.ports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.PortMapping;
import io.towpath.cni.protocol.PortMapping.Protocol;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.net.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardTest {
    private static final List<IpAddress> DUAL =
            List.of(IpAddress.parse("10.244.1.5"), IpAddress.parse("fd00::5"), IpAddress.parse("10.244.1.6"));

    private static PortMapping mapping(Protocol protocol, int hostPort, int containerPort, String hostIp) {
        return new PortMapping(protocol, hostPort, containerPort, hostIp.isEmpty() ? null : IpAddress.parse(hostIp));
    }

    private static List<String> texts(List<IpAddress> addresses, String... hostIps) throws CniException {
        List<PortMapping> mappings = new ArrayList<>();
        for (String hostIp : hostIps) {
            mappings.add(mapping(Protocol.TCP, 8080, 80, hostIp));
        }
        return Forward.of(mappings, addresses).stream().map(Forward::toString).toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''            | tcp 0.0.0.0:8080 to 10.244.1.5:80, tcp [::]:8080 to [fd00::5]:80",
                "0.0.0.0       | tcp 0.0.0.0:8080 to 10.244.1.5:80",
                "::            | tcp [::]:8080 to [fd00::5]:80",
                "192.0.2.1     | tcp 192.0.2.1:8080 to 10.244.1.5:80",
                "::ffff:192.0.2.1 | tcp 192.0.2.1:8080 to 10.244.1.5:80",
                "2001:db8::1   | tcp [2001:db8::1]:8080 to [fd00::5]:80",
                "::1           | tcp [::1]:8080 to [fd00::5]:80",
                "127.0.0.1     | tcp 127.0.0.1:8080 to 10.244.1.5:80",
            })
    void hostIpSaysWhichAddresses(String hostIp, String expected) throws CniException {
        assertEquals(expected, String.join(", ", texts(DUAL, hostIp)));
    }

    @Test
    void allAddressesOfAFamilyThatThePodHasNotAreNone() throws CniException {
        List<IpAddress> ipv4 = List.of(DUAL.getFirst());
        assertEquals(List.of("tcp 0.0.0.0:8080 to 10.244.1.5:80"), texts(ipv4, "0.0.0.0", "::"));
        assertEquals(List.of(), texts(ipv4, "::"));
        assertEquals(List.of("tcp 0.0.0.0:8080 to 10.244.1.5:80"), texts(ipv4, "", ""));
    }

    @Test
    void whatCannotBeFulfilledIsRefused() {
        CniException foreign =
                assertThrows(CniException.class, () -> texts(List.of(DUAL.getFirst()), "", "2001:db8::1"));
        assertEquals(7, foreign.code());
        assertEquals(
                "network config key \"runtimeConfig.portMappings[1].hostIP\" 2001:db8::1 has no address of the pod's to lead"
                        + " to: the pod has none of its family",
                foreign.msg());
        CniException twice = assertThrows(
                CniException.class,
                () -> Forward.of(
                        List.of(
                                mapping(Protocol.UDP, 53, 53, "192.0.2.1"),
                                mapping(Protocol.TCP, 53, 54, "192.0.2.1"),
                                mapping(Protocol.UDP, 53, 55, "192.0.2.1")),
                        DUAL));
        assertEquals(
                "network config key \"runtimeConfig.portMappings\" has host port udp 192.0.2.1:53 twice, for container"
                        + " ports 53 and 55",
                twice.msg());
    }

    @Test
    void overlapIsOfOneFamilyProtocolAndPort() throws CniException {
        HostPort any = Forward.of(List.of(mapping(Protocol.TCP, 80, 80, "0.0.0.0")), DUAL)
                .getFirst()
                .from();
        HostPort one = Forward.of(List.of(mapping(Protocol.TCP, 80, 81, "192.0.2.1")), DUAL)
                .getFirst()
                .from();
        HostPort two = Forward.of(List.of(mapping(Protocol.TCP, 80, 81, "192.0.2.2")), DUAL)
                .getFirst()
                .from();
        HostPort udp = Forward.of(List.of(mapping(Protocol.UDP, 80, 81, "0.0.0.0")), DUAL)
                .getFirst()
                .from();
        HostPort ipv6 = Forward.of(List.of(mapping(Protocol.TCP, 80, 81, "::")), DUAL)
                .getFirst()
                .from();
        assertEquals(
                List.of(true, true, true, false, false, false),
                List.of(
                        any.overlaps(one),
                        one.overlaps(any),
                        one.overlaps(one),
                        one.overlaps(two),
                        any.overlaps(udp),
                        any.overlaps(ipv6)));
    }

    /** What is read of an element is what was written into it. */
    @Test
    void elementsTellTheirPorts() throws CniException {
        OwnerMark mark = OwnerMark.of("net", "c1", "eth0");
        for (String hostIp : List.of("0.0.0.0", "::", "192.0.2.1", "2001:db8::1")) {
            for (Protocol protocol : Protocol.values()) {
                Forward forward = Forward.of(List.of(mapping(protocol, 65_535, 80, hostIp)), DUAL)
                        .getFirst();
                assertEquals(forward, Entry.of(forward, mark).forward());
                assertEquals(mark, Entry.of(forward, mark).owner());
            }
        }
    }
}
