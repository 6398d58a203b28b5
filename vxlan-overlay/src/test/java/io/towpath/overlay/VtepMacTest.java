package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.towpath.net.MacAddress;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The derivation is an agreement between nodes of different releases: these values must never change. */
class VtepMacTest {
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(64);

    @ParameterizedTest
    @CsvSource({"a,false", "a,true", "b,false", "node-17.example.org,false", "'',false"})
    void followsTheDefinition(String name, boolean ipv6) {
        assertEquals(byDefinition(name, ipv6), VtepMac.of(name, ipv6));
    }

    @ParameterizedTest
    @CsvSource({"a,false,fa:15:72:eb:04:97", "a,true,36:ce:ca:08:49:6e", "b,false,56:3a:d8:6e:47:08"})
    void isPinned(String name, boolean ipv6, String mac) {
        assertEquals(mac, VtepMac.of(name, ipv6).toString());
    }

    @Test
    void isUnicastLocallyAdministeredAndDistinct() {
        Set<MacAddress> seen = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            MacAddress mac = VtepMac.of("node-" + i, i % 2 == 0);
            assertFalse(mac.isMulticast());
            assertEquals(2, mac.bytes()[0] & 3);
            seen.add(mac);
        }
        assertEquals(20_000, seen.size());
        assertNotEquals(VtepMac.of("a", false), VtepMac.of("a", true));
    }

    /** The definition, written a second time and in another way: with integers of any size. */
    private static MacAddress byDefinition(String name, boolean ipv6) {
        BigInteger hash = new BigInteger("cbf29ce484222325", 16);
        byte[] bytes = ((ipv6 ? "towpath-vtep-6/" : "towpath-vtep-4/") + name).getBytes(StandardCharsets.UTF_8);
        for (byte b : bytes) {
            hash = hash.xor(BigInteger.valueOf(b & 0xff))
                    .multiply(new BigInteger("100000001b3", 16))
                    .mod(MODULUS);
        }
        hash = hash.xor(hash.shiftRight(33))
                .multiply(new BigInteger("ff51afd7ed558ccd", 16))
                .mod(MODULUS);
        hash = hash.xor(hash.shiftRight(33))
                .multiply(new BigInteger("c4ceb9fe1a85ec53", 16))
                .mod(MODULUS);
        hash = hash.xor(hash.shiftRight(33)).mod(BigInteger.ONE.shiftLeft(48));
        return new MacAddress(hash.clearBit(40).setBit(41).longValueExact());
    }
}
