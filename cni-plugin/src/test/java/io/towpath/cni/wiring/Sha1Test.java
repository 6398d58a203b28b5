package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.junit.jupiter.api.Test;

class Sha1Test {
    /** The examples of FIPS 180. */
    @Test
    void knownDigests() {
        assertEquals("da39a3ee5e6b4b0d3255bfef95601890afd80709", Sha1.hex(""));
        assertEquals("a9993e364706816aba3e25717850c26c9cd0d89d", Sha1.hex("abc"));
        assertEquals(
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
                Sha1.hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    }

    /** Every length around the borders of blocks and of the padding. */
    @Test
    void agreesWithTheJdk() throws Exception {
        MessageDigest witness = MessageDigest.getInstance("SHA-1");
        StringBuilder text = new StringBuilder();
        for (int length = 0; length <= 200; length++) {
            byte[] expected = witness.digest(text.toString().getBytes(StandardCharsets.UTF_8));
            assertArrayEquals(expected, Sha1.digest(text.toString()), "length " + length);
            text.append((char) ('!' + length * 7 % 90));
        }
    }
}
