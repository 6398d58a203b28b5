package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    /** The kernel takes 255 bytes; CNI limits neither name. */
    @Test
    void longNamesStillFitAndStillDiffer() {
        String longName = "n".repeat(255);
        String mark = OwnerMark.of(longName, longName, "interface-name1").alias();
        assertTrue(mark.length() <= 255, mark);
        assertTrue(mark.startsWith(OwnerMark.networkPrefix(longName)));
        assertNotEquals(
                mark, OwnerMark.of(longName, "n".repeat(254), "interface-name1").alias());
    }
}
