package io.towpath.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    private static final int PATIENCE_MILLIS = 20_000;

    @TempDir
    private Path folder;

    private ServerSocketChannel listener;

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    private String path() {
        return folder.resolve("socket").toString();
    }

    /** What one client sent, after it was answered. */
    private FutureTask<byte[]> answer(byte[] answer, int expected) {
        Callable<byte[]> server = () -> {
            try (SocketChannel client = listener.accept()) {
                ByteBuffer received = ByteBuffer.allocate(expected);
                while (received.hasRemaining() && client.read(received) >= 0) {}
                ByteBuffer out = ByteBuffer.wrap(answer);
                while (out.hasRemaining()) {
                    client.write(out);
                }
                return received.array();
            }
        };
        FutureTask<byte[]> task = new FutureTask<>(server);
        new Thread(task).start();
        return task;
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    /** As the kernel does to whoever is still to be accepted when a listener closes. */
    @Test
    void whoClosesWithoutHavingReadIsTold() throws Exception {
        FutureTask<byte[]> asking =
                new FutureTask<>(() -> UnixSocket.ask(path(), bytes(3_000_000), 10, PATIENCE_MILLIS));
        new Thread(asking).start();
        try (SocketChannel client = listener.accept()) {
            client.read(ByteBuffer.allocate(1));
        }
        Throwable failure = assertThrows(ExecutionException.class, asking::get).getCause();
        assertTrue(
                failure instanceof LinuxException e && (e.is(Errno.ECONNRESET) || e.is(Errno.EPIPE)),
                String.valueOf(failure));
    }

    @Test
    void sendsAllAndReceivesAll() throws Exception {
        // More than a socket's buffers take at once, both ways.
        byte[] question = bytes(3_000_000);
        byte[] reply = bytes(2_000_000);
        FutureTask<byte[]> server = answer(reply, question.length);
        assertArrayEquals(reply, UnixSocket.ask(path(), question, reply.length, PATIENCE_MILLIS));
        assertArrayEquals(question, server.get());
    }

    @Test
    void acceptsNoMoreThanTheLimit() throws Exception {
        FutureTask<byte[]> server = answer(bytes(11), 1);
        LinuxException tooMuch =
                assertThrows(LinuxException.class, () -> UnixSocket.ask(path(), bytes(1), 10, PATIENCE_MILLIS));
        assertTrue(tooMuch.is(Errno.EFBIG), tooMuch.getMessage());
        assertArrayEquals(bytes(1), server.get());
    }

    @Test
    void doesNotWaitForEver() {
        LinuxException late = assertThrows(LinuxException.class, () -> UnixSocket.ask(path(), bytes(1), 10, 30));
        assertTrue(late.is(Errno.ETIMEDOUT), late.getMessage());
    }

    @Test
    void doesNotWaitForEverForAQueueThatIsFull() throws IOException {
        listener.close();
        Files.delete(Path.of(path()));
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path()), 1);
        for (int i = 0; i < 5; i++) {
            LinuxException late = assertThrows(LinuxException.class, () -> UnixSocket.ask(path(), bytes(1), 10, 30));
            assertTrue(late.is(Errno.ETIMEDOUT), late.getMessage());
        }
    }

    @Test
    void tellsThatNobodyListens() throws IOException {
        listener.close();
        LinuxException refused = assertThrows(LinuxException.class, () -> UnixSocket.ask(path(), bytes(1), 10, 1000));
        assertTrue(refused.is(Errno.ECONNREFUSED), refused.getMessage());
        LinuxException missing =
                assertThrows(LinuxException.class, () -> UnixSocket.ask(path() + ".none", bytes(1), 10, 1000));
        assertTrue(missing.is(Errno.ENOENT), missing.getMessage());
        LinuxException tooLong =
                assertThrows(LinuxException.class, () -> UnixSocket.ask("/" + "x".repeat(120), bytes(1), 10, 1000));
        assertEquals(Errno.ENAMETOOLONG, tooLong.errno());
    }
}
