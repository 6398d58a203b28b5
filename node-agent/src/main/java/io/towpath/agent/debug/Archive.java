package io.towpath.agent.debug;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;

/** A tar archive of small texts, compressed by gzip; the format {@code ustar} of POSIX.1. */
final class Archive implements AutoCloseable {
    private static final int BLOCK = 512;
    private static final int SUM_AT = 148;
    private static final int SUM_LENGTH = 8;

    private final GZIPOutputStream out;
    private final Instant time;

    /** @param time when what is in it was so */
    Archive(OutputStream to, Instant time) throws IOException {
        out = new GZIPOutputStream(to);
        this.time = time;
    }

    /** @param name at most 100 bytes of ASCII */
    void add(String name, String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        byte[] head = new byte[BLOCK];
        put(head, 0, name);
        put(head, 100, "0000600");
        put(head, 108, "0000000");
        put(head, 116, "0000000");
        put(head, 124, octal(bytes.length));
        put(head, 136, octal(time.getEpochSecond()));
        Arrays.fill(head, SUM_AT, SUM_AT + SUM_LENGTH, (byte) ' ');
        put(head, 156, "0");
        put(head, 257, "ustar");
        put(head, 263, "00");
        int sum = 0;
        for (byte each : head) {
            sum += each & 0xff;
        }
        put(head, SUM_AT, String.format("%06o", sum));
        head[SUM_AT + 6] = 0;
        out.write(head);
        out.write(bytes);
        out.write(new byte[(BLOCK - bytes.length % BLOCK) % BLOCK]);
    }

    private static String octal(long number) {
        return String.format("%011o", number);
    }

    private static void put(byte[] head, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, head, at, bytes.length);
    }

    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.close();
    }
}
