package io.towpath.policy.compile;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** Names that say nothing but whether two things are the same; nobody can make two things that have the same. */
final class Digest {
    private static final int BYTES = 16;

    private Digest() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            // Every Java platform has it.
            throw new IllegalStateException(e);
        }
    }

    /** 32 hexadecimal digits. */
    static String name(String text) {
        return name(sha256().digest(text.getBytes(UTF_8)));
    }

    static String name(byte[] digest) {
        return HexFormat.of().formatHex(digest, 0, BYTES);
    }

    static byte[] of(String text) {
        return Arrays.copyOf(sha256().digest(text.getBytes(UTF_8)), BYTES);
    }
}
