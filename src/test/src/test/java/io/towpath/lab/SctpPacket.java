package io.towpath.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One of the first two packets of an association of SCTP, INIT and INIT ACK, made by hand as kernels are often built without SCTP
 * itself: RFC 9260, section 3.
 *
 * @param from who sent it
 * @param tag the sender's tag for the answer, of an answer the tag that it answers
 * @param cookie what an INIT ACK carries, else empty
 */
record SctpPacket(InetAddress from, int sourcePort, int destinationPort, int type, int tag, String cookie) {
    static final int PROTOCOL = 132;
    static final int INIT = 1;
    static final int INIT_ACK = 2;

    private static final int STATE_COOKIE = 7;
    private static final int CHECKSUM_AT = 8;
    private static final int CHUNK_AT = 12;
    private static final int TAG_AT = 16;
    private static final int PARAMETER_AT = 32;
    private static final int INIT_LENGTH = 20;
    private static final int TAG = 0x7001;

    /** The first packet of an association. */
    static byte[] init(int sourcePort, int destinationPort) {
        return bytes(sourcePort, destinationPort, 0, INIT, "");
    }

    /** The answer to an INIT. */
    byte[] answer(String withCookie) {
        return bytes(/* sourcePort= */ destinationPort, /* destinationPort= */ sourcePort, tag, INIT_ACK, withCookie);
    }

    private static byte[] bytes(int sourcePort, int destinationPort, int tag, int type, String text) {
        byte[] cookie = text.getBytes(StandardCharsets.US_ASCII);
        int parameter = cookie.length == 0 ? 0 : 4 + cookie.length;
        int length = INIT_LENGTH + parameter;
        ByteBuffer packet = ByteBuffer.allocate(CHUNK_AT + (length + 3) / 4 * 4);
        packet.putShort((short) sourcePort).putShort((short) destinationPort).putInt(tag);
        packet.putInt(0).put((byte) type).put((byte) 0).putShort((short) length);
        packet.putInt(TAG)
                .putInt(1 << 16)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(1);
        if (parameter != 0) {
            packet.putShort((short) STATE_COOKIE).putShort((short) parameter).put(cookie);
        }
        packet.order(ByteOrder.LITTLE_ENDIAN).putInt(CHECKSUM_AT, checksum(packet.array()));
        return packet.array();
    }

    private static int checksum(byte[] packet) {
        byte[] without = packet.clone();
        Arrays.fill(without, CHECKSUM_AT, CHUNK_AT, (byte) 0);
        CRC32C checksum = new CRC32C();
        checksum.update(without);
        return (int) checksum.getValue();
    }

    /** Null if nothing came for a while, or nothing whole. */
    static @Nullable SctpPacket receive(Libc.RawSocket socket) throws IOException {
        Libc.RawSocket.Datagram datagram = socket.receive();
        if (datagram == null || datagram.payload().remaining() < PARAMETER_AT) {
            return null;
        }
        byte[] bytes = new byte[datagram.payload().remaining()];
        datagram.payload().get(bytes);
        ByteBuffer packet = ByteBuffer.wrap(bytes);
        if (Integer.reverseBytes(packet.getInt(CHECKSUM_AT)) != checksum(bytes)) {
            return null;
        }
        int end = CHUNK_AT + packet.getShort(CHUNK_AT + 2);
        String cookie = end <= PARAMETER_AT + 4
                ? ""
                : new String(bytes, PARAMETER_AT + 4, end - PARAMETER_AT - 4, StandardCharsets.US_ASCII);
        return new SctpPacket(
                datagram.from(),
                packet.getShort(0) & 0xffff,
                packet.getShort(2) & 0xffff,
                packet.get(CHUNK_AT),
                packet.getInt(TAG_AT),
                cookie);
    }
}
