package io.towpath.cni.wiring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * SHA-1 (FIPS 180-4 section 6.1), for names only. The JDK's would bring the tables of all security providers into a process
 * that hashes two short texts.
 */
final class Sha1 {
    private static final int BLOCK = 64;

    private Sha1() {}

    /** The 20 bytes for a text in UTF-8. */
    static byte[] digest(String text) {
        byte[] message = text.getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(message, (message.length + 8) / BLOCK * BLOCK + BLOCK);
        padded[message.length] = (byte) 0x80;
        putLong(padded, padded.length - 8, message.length * 8L);
        int[] state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
        for (int from = 0; from < padded.length; from += BLOCK) {
            compress(state, padded, from);
        }
        byte[] digest = new byte[20];
        for (int i = 0; i < digest.length; i++) {
            digest[i] = (byte) (state[i / 4] >>> (24 - i % 4 * 8));
        }
        return digest;
    }

    /** The 40 lower-case hexadecimal digits for a text in UTF-8. */
    static String hex(String text) {
        return HexFormat.of().formatHex(digest(text));
    }

    private static void compress(int[] state, byte[] bytes, int from) {
        int[] schedule = new int[80];
        for (int t = 0; t < 16; t++) {
            int at = from + t * 4;
            schedule[t] = (bytes[at] & 0xff) << 24
                    | (bytes[at + 1] & 0xff) << 16
                    | (bytes[at + 2] & 0xff) << 8
                    | (bytes[at + 3] & 0xff);
        }
        for (int t = 16; t < 80; t++) {
            int word = schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16];
            schedule[t] = Integer.rotateLeft(word, 1);
        }
        int a = state[0];
        int b = state[1];
        int c = state[2];
        int d = state[3];
        int e = state[4];
        for (int t = 0; t < 80; t++) {
            int next = Integer.rotateLeft(a, 5) + round(t, b, c, d) + e + schedule[t];
            e = d;
            d = c;
            c = Integer.rotateLeft(b, 30);
            b = a;
            a = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }

    private static int round(int t, int b, int c, int d) {
        return switch (t / 20) {
            case 0 -> ((b & c) | (~b & d)) + 0x5a827999;
            case 1 -> (b ^ c ^ d) + 0x6ed9eba1;
            case 2 -> ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
            default -> (b ^ c ^ d) + 0xca62c1d6;
        };
    }

    private static void putLong(byte[] bytes, int at, long value) {
        for (int i = 0; i < 8; i++) {
            bytes[at + i] = (byte) (value >>> (56 - i * 8));
        }
    }
}
