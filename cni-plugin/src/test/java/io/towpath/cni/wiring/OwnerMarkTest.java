package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class OwnerMarkTest {
    @Test
    void isReadable() {
        assertEquals(
                "towpath/k8s-pod-network/abc/eth0",
                OwnerMark.of("k8s-pod-network", "abc", "eth0").alias());
    }

    @Test
    void belongsToItsNetworkOnly() {
        assertTrue(OwnerMark.of("net", "abc", "eth0").alias().startsWith(OwnerMark.networkPrefix("net")));
        assertFalse(OwnerMark.of("net-2", "abc", "eth0").alias().startsWith(OwnerMark.networkPrefix("net")));
    }

    /** nft takes 128 bytes as a comment; CNI limits neither name. */
    @Test
    void longNamesStillFitAndStillDiffer() {
        for (int length : List.of(39, 40, 64, 65, 255)) {
            String longName = "n".repeat(length);
            String mark = OwnerMark.of(longName, longName, "interface-name1").alias();
            assertTrue(mark.length() <= 128, mark);
            assertTrue(mark.startsWith(OwnerMark.networkPrefix(longName)));
            assertNotEquals(
                    mark,
                    OwnerMark.of(longName, "n".repeat(length - 1), "interface-name1")
                            .alias());
            assertNotEquals(
                    mark,
                    OwnerMark.of(longName + "n", longName, "interface-name1").alias());
        }
        assertEquals(
                128,
                OwnerMark.of("n".repeat(39), "c".repeat(64), "interface-name1")
                        .alias()
                        .length());
    }

    @Test
    void anAliasTellsOfPortsBesideTheMark() {
        OwnerMark mark = OwnerMark.of("net", "abc", "eth0");
        assertEquals("towpath/net/abc/eth0 ports", mark.aliasWithPorts());
        assertEquals(mark, new OwnerMark(mark.aliasWithPorts()));
        assertTrue(OwnerMark.hasPorts(mark.aliasWithPorts()));
        assertFalse(OwnerMark.hasPorts(mark.alias()));
        assertEquals("eth0", new OwnerMark(mark.aliasWithPorts()).ifName());
    }
}
