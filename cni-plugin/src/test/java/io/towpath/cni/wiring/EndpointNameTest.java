package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.MacAddress;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EndpointNameTest {
    /** {@code echo -n default.web-0 | sha1sum | head -c 11}. */
    @Test
    void aPodsFirstInterfaceIsNamedAsCalicoNamesIt() {
        assertEquals("cali0d7763386da", EndpointName.hostName("default", "web-0", "whatever", "eth0"));
    }

    @Test
    void nameFitsTheKernel() {
        assertEquals(15, EndpointName.hostName("", "", "c", "net1").length());
    }

    @Test
    void attachmentsHaveNamesOfTheirOwn() {
        Set<String> names = new HashSet<>();
        for (String container : new String[] {"a", "b", "default.web-0"}) {
            for (String ifName : new String[] {"eth0", "net1", "net2"}) {
                assertTrue(names.add(EndpointName.hostName("", "", container, ifName)));
            }
        }
        assertTrue(names.add(EndpointName.hostName("default", "web-0", "a", "eth0")));
        assertTrue(names.add(EndpointName.hostName("default", "web-0", "a", "net1")));
        assertTrue(names.add(EndpointName.hostName("default", "web-1", "a", "net1")));
    }

    @Test
    void whatIsMadeOfAPodsNameAloneIsToldFromAllElse() {
        OwnerMark mark = OwnerMark.of("net", "c", "eth0");
        assertTrue(EndpointName.isOfPod(EndpointName.hostName("default", "web-0", "c", "eth0"), mark));
        assertFalse(EndpointName.isOfPod(EndpointName.hostName("", "", "c", "eth0"), mark));
        String further = EndpointName.hostName("default", "web-0", "c", "net1");
        assertFalse(EndpointName.isOfPod(further, OwnerMark.of("net", "c", "net1")));
        String unknown = "c".repeat(65);
        assertFalse(EndpointName.isOfPod(
                EndpointName.hostName("", "", unknown, "eth0"), OwnerMark.of("net", unknown, "eth0")));
    }

    /** One of the two alone tells no pod. */
    @Test
    void halfAPodNameIsNone() {
        assertEquals(EndpointName.hostName("", "", "c", "eth0"), EndpointName.hostName("default", "", "c", "eth0"));
        assertFalse(EndpointName.isPod("", "web-0"));
    }

    @Test
    void macIsUnicastLocalAndTheAttachmentsOwn() {
        MacAddress mac = EndpointName.podMac("c", "eth0");
        assertFalse(mac.isMulticast());
        assertEquals(mac, MacAddress.locallyAdministered(mac.value()));
        assertNotEquals(mac, EndpointName.podMac("c", "net1"));
        assertNotEquals(mac, EndpointName.podMac("d", "eth0"));
    }
}
