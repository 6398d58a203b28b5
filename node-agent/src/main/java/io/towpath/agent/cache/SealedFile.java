package io.towpath.agent.cache;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file that is whole and unharmed, or known not to be: its first line says what it is and whose, its last one is a checksum of all
 * before. It appears complete and synced to disk, in the place of the one before; only root may read it.
 */
final class SealedFile {
    private static final String SEAL = "\ncrc32c %s\n";
    private static final int SEAL_BYTES = SEAL.length() - "%s".length() + 2 * Integer.BYTES;
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int SHOWN = 80;

    private SealedFile() {}

    /** Writes what is between first and last line. */
    interface Content {
        void write(OutputStream out) throws IOException;
    }

    /** Reads what {@link Content} wrote, of {@code length} bytes. */
    interface Reader<T> {
        T read(InputStream in, int length) throws IOException;
    }

    /**
     * Writes it; memory is needed for a buffer alone.
     *
     * @param head the first line; the words of its beginning that no other kind or version of file has, then whose it is
     * @throws IOException if that cannot be; then the one before is still there
     */
    static void write(Path file, String head, Content content) throws IOException {
        Path folder = folder(file);
        Path unfinished = file.resolveSibling("." + file.getFileName() + ".new");
        Files.createDirectories(folder);
        Files.deleteIfExists(unfinished); // of an agent that was killed
        try {
            try (FileChannel channel = FileChannel.open(
                    unfinished,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                OutputStream disk = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
                CRC32C sum = new CRC32C();
                OutputStream sealed = new CheckedOutputStream(disk, sum);
                sealed.write((head + '\n').getBytes(StandardCharsets.UTF_8));
                content.write(new Unclosed(sealed));
                disk.write(seal(sum));
                disk.flush();
                channel.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(unfinished); // what is left of it on a full disk is missed by others
            throw e;
        }
        sync(folder);
    }

    /**
     * Reads it.
     *
     * @param head as it was written
     * @return null if there is no such file
     * @throws IOException if it cannot be read, is cut or harmed, or its head is another; the message says so
     */
    static <T> @Nullable T read(Path file, String head, Reader<T> reader) throws IOException {
        // To open a FIFO takes as long as it takes until somebody writes to it.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException("it is no regular file: remove it");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            byte[] first = (head + '\n').getBytes(StandardCharsets.UTF_8);
            int body = Math.toIntExact(channel.size()) - SEAL_BYTES;
            InputStream in = new BufferedInputStream(Channels.newInputStream(channel), BUFFER_BYTES);
            requireHead(in.readNBytes(first.length), first, head);
            channel.position(0);
            requireSeal(new BufferedInputStream(Channels.newInputStream(channel), BUFFER_BYTES), body);
            channel.position(first.length);
            return reader.read(
                    new BufferedInputStream(Channels.newInputStream(channel), BUFFER_BYTES), body - first.length);
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    private static void requireHead(byte[] found, byte[] wanted, String head) throws IOException {
        if (found.length == 0) {
            throw new EOFException("it is empty");
        }
        if (!Arrays.equals(found, wanted)) {
            String line = new String(found, StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse("");
            String shown = line.length() > SHOWN ? line.substring(0, SHOWN) + "..." : line;
            throw new IOException("it begins with \"" + shown + "\" and not with \"" + head
                    + "\": it is of another release, node or network");
        }
    }

    private static void requireSeal(InputStream in, int body) throws IOException {
        CRC32C sum = new CRC32C();
        byte[] buffer = new byte[BUFFER_BYTES];
        int left = body;
        while (left > 0) {
            int read = in.read(buffer, 0, Math.min(left, buffer.length));
            if (read < 0) {
                break;
            }
            sum.update(buffer, 0, read);
            left -= read;
        }
        if (!Arrays.equals(in.readNBytes(SEAL_BYTES), seal(sum))) {
            throw new EOFException("it is cut or harmed: its checksum does not fit");
        }
    }

    private static byte[] seal(CRC32C sum) {
        String hex = HexFormat.of().toHexDigits((int) sum.getValue());
        return SEAL.formatted(hex).getBytes(StandardCharsets.US_ASCII);
    }

    private static Path folder(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException(file + " is no file's path");
        }
        return folder;
    }

    private static void sync(Path folder) throws IOException {
        try {
            Linux.syncDirectory(folder.toString());
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Content that closes what it writes to would keep the seal from being written. */
    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
