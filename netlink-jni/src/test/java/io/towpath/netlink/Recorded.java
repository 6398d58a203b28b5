package io.towpath.netlink;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** Messages that a real kernel sent. */
public final class Recorded {
    public static final int PORT_ID = 4711;

    private Recorded() {}

    /** Whole messages with their headers, sequence number 1. */
    public static List<byte[]> messages() {
        try (InputStream in = Recorded.class.getResourceAsStream("messages.hex")) {
            if (in == null) {
                throw new AssertionError("messages.hex is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(HexFormat.of()::parseHex)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Those of one type. */
    public static List<byte[]> messages(int type) {
        return messages().stream().filter(message -> type(message) == type).toList();
    }

    public static int type(byte[] message) {
        return buffer(message).getShort(4);
    }

    /** A message without its netlink header. */
    public static ByteBuffer payload(byte[] message) {
        return buffer(message)
                .slice(Nl.NLMSG_HDRLEN, message.length - Nl.NLMSG_HDRLEN)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer buffer(byte[] message) {
        return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    }
}
