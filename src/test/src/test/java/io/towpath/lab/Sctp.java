package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A server that tells whoever asks by SCTP from which address the question came. Question and answer are the first two packets of an
 * association, INIT and INIT ACK, made by hand as kernels are often built without SCTP itself: RFC 9260, section 3.
 */
public final class Sctp implements AutoCloseable {
    private static final int PROTOCOL = 132;
    private static final int INIT = 1;
    private static final int INIT_ACK = 2;
    private static final int STATE_COOKIE = 7;
    private static final int CHECKSUM_AT = 8;
    private static final int CHUNK_AT = 12;
    private static final int TAG_AT = 16;
    private static final int PARAMETER_AT = 32;
    private static final int INIT_LENGTH = 20;
    private static final int CLIENT_PORT = 40_000;
    private static final int TAG = 0x7001;
    private static final long MILLISECONDS = 3000;

    private final List<Libc.RawSocket> sockets;
    private final int port;
    private final Thread[] threads;
    private volatile boolean closed;

    /** A packet as it came. */
    private record Packet(InetAddress from, int sourcePort, int destinationPort, int type, int tag, String cookie) {}

    private Sctp(Namespace at, int port) {
        this.port = port;
        sockets = at.call(() -> List.of(Libc.RawSocket.open(false, PROTOCOL), Libc.RawSocket.open(true, PROTOCOL)));
        threads = new Thread[sockets.size()];
        for (int i = 0; i < threads.length; i++) {
            Libc.RawSocket socket = sockets.get(i);
            threads[i] = Thread.ofPlatform().daemon().name("sctp in " + at).start(() -> answer(socket));
        }
    }

    /** Starts the server inside a namespace, until it is closed; it is reachable at once. */
    public static Sctp serve(Namespace at, int port) {
        return new Sctp(at, port);
    }

    private void answer(Libc.RawSocket socket) {
        try {
            while (!closed) {
                Packet question = receive(socket);
                if (question != null && question.type == INIT && question.destinationPort == port) {
                    byte[] text = question.from.getHostAddress().getBytes(StandardCharsets.US_ASCII);
                    socket.send(question.from, packet(port, question.sourcePort, question.tag, INIT_ACK, text));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The answer to a question from inside a namespace; null if there is none. */
    public static @Nullable String ask(Namespace from, String address, int port) {
        return from.call(() -> {
            InetAddress to = InetAddress.getByName(address);
            try (Libc.RawSocket socket = Libc.RawSocket.open(to.getAddress().length > 4, PROTOCOL)) {
                socket.send(to, packet(CLIENT_PORT, port, 0, INIT, new byte[0]));
                long end = System.nanoTime() + MILLISECONDS * 1_000_000;
                while (System.nanoTime() < end) {
                    Packet answer = receive(socket);
                    boolean isIts = answer != null
                            && answer.type == INIT_ACK
                            && answer.destinationPort == CLIENT_PORT
                            && answer.sourcePort == port
                            && answer.from.equals(to);
                    if (answer != null && isIts) {
                        return answer.cookie;
                    }
                }
                return null;
            }
        });
    }

    private static byte[] packet(int sourcePort, int destinationPort, int tag, int type, byte[] cookie) {
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
    private static @Nullable Packet receive(Libc.RawSocket socket) throws IOException {
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
        return new Packet(
                datagram.from(),
                packet.getShort(0) & 0xffff,
                packet.getShort(2) & 0xffff,
                packet.get(CHUNK_AT),
                packet.getInt(TAG_AT),
                cookie);
    }

    @Override
    public void close() {
        closed = true;
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sockets.forEach(Libc.RawSocket::close);
    }
}
