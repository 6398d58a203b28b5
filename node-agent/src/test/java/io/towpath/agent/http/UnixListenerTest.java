package io.towpath.agent.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** The socket's file and its lock, which anybody with rights on the folder may take away. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class UnixListenerTest {
    @TempDir
    private Path disk;

    private Path folder() {
        return disk.resolve("run");
    }

    private Path socket() {
        return folder().resolve("agent.sock");
    }

    private UnixListener open() throws IOException {
        return UnixListener.open(socket(), 10);
    }

    private static Log log() {
        return new Log(
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.INFO,
                Clock.systemUTC());
    }

    private String ask() throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
            client.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    private void deleteFolder() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder());
    }

    @Test
    void aSocketThatIsDeletedIsServedAgain() throws Exception {
        try (UnixListener listener = open();
                HttpServer server = new HttpServer(log())) {
            server.listen(
                    listener,
                    listener.channel(),
                    _ -> CompletableFuture.completedFuture(Response.text(200, "here")),
                    10);
            server.start();
            for (int i = 0; i < 2; i++) {
                assertTrue(ask().endsWith("here"));
                if (i == 0) {
                    Files.delete(socket());
                } else {
                    deleteFolder();
                }
                while (!Files.exists(socket())) {
                    Thread.onSpinWait();
                }
                assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
            }
            assertTrue(ask().endsWith("here"));
            assertEquals(1, server.addresses().size());
        }
        assertTrue(Files.notExists(socket()));
    }

    @Test
    void whatIsThereStaysAsItIs() throws Exception {
        try (UnixListener listener = open()) {
            assertNull(listener.renewed());
            Files.delete(socket());
            assertNotNull(listener.renewed());
            assertNull(listener.renewed());
        }
    }

    /** Who deleted all of it and started another agent has that one. */
    @Test
    void thatOfAnotherAgentIsLeftAlone() throws Exception {
        UnixListener first = open();
        try {
            deleteFolder();
            try (UnixListener second = open()) {
                IOException refused = assertThrows(IOException.class, first::renewed);
                String message = String.valueOf(refused.getMessage());
                assertTrue(message.startsWith("another agent is running"), message);
                first.close();
                assertNull(second.renewed());
            }
        } finally {
            first.close();
        }
    }

    @Test
    void whatIsNoSocketIsLeftAlone() throws Exception {
        try (UnixListener listener = open()) {
            Files.delete(socket());
            Files.writeString(socket(), "mine");
            assertThrows(IOException.class, listener::renewed);
        }
        assertEquals("mine", Files.readString(socket()));
    }

    /** Who may open it could lock it, and no agent would start any more. */
    @Test
    void theLockIsTheOwnersAlone() throws Exception {
        Path lock = folder().resolve("agent.sock.lock");
        Files.createDirectories(folder());
        Files.createFile(lock, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
        open().close();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(lock)));
        Files.delete(lock);
        open().close();
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(lock)));
    }

    @Test
    void aFifoInPlaceOfTheLockIsAnError() throws Exception {
        Files.createDirectories(folder());
        Path lock = folder().resolve("agent.sock.lock");
        assertEquals(0, new ProcessBuilder("mkfifo", lock.toString()).start().waitFor());
        IOException refused = assertThrows(IOException.class, this::open);
        assertEquals(lock + " is there and no regular file: remove it", refused.getMessage());
    }
}
