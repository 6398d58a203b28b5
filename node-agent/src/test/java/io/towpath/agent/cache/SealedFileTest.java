package io.towpath.agent.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** A file is whole, or known not to be. */
class SealedFileTest {
    private static final String HEAD = "towpath thing 1 node a";
    private static final byte[] CONTENT = "[1,\n2]".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path disk;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = disk.resolve("deep/er/thing");
        SealedFile.write(file, HEAD, out -> out.write(CONTENT));
    }

    private static byte @Nullable [] read(Path from) throws IOException {
        return SealedFile.read(from, HEAD, (in, length) -> in.readNBytes(length));
    }

    private String refused(String head) {
        IOException e = assertThrows(IOException.class, () -> SealedFile.read(file, head, (in, _) -> in.read()));
        return String.valueOf(e.getMessage());
    }

    @Test
    void isReadAsItWasWrittenAndByRootAlone() throws IOException {
        assertArrayEquals(CONTENT, read(file));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertNull(read(disk.resolve("none")));
    }

    @Test
    void isWholeWhateverItsContentCloses() throws IOException {
        SealedFile.write(file, HEAD, out -> {
            out.write('x');
            out.close();
        });
        assertArrayEquals(new byte[] {'x'}, read(file));
    }

    @Test
    void isNotReadIfItIsCutAnywhere() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            String message = refused(HEAD);
            assertTrue(
                    message.contains("cut or harmed")
                            || message.contains("begins with")
                            || message.equals("it is empty"),
                    message);
        }
        Files.write(file, Arrays.copyOf(whole, whole.length + 1));
        assertTrue(refused(HEAD).contains("cut or harmed"));
    }

    @Test
    void isNotReadIfAnyOfItsBitsIsAnother() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] harmed = whole.clone();
            harmed[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, harmed);
            refused(HEAD);
        }
    }

    @Test
    void isNotReadIfItIsAnotherReleasesOrNodes() {
        for (String other : List.of("towpath thing 2 node a", "towpath thing 1 node ab", "towpath thing 1 node")) {
            assertTrue(refused(other).contains("it is of another release, node or network"), () -> refused(other));
        }
    }

    /** Nobody writes to it: who opened it would wait for ever. */
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void isNotReadIfItIsAFifo() throws Exception {
        Files.delete(file);
        assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
        assertEquals("it is no regular file: remove it", refused(HEAD));
    }

    @Test
    void whatCannotBeWrittenLeavesTheOneBefore() throws IOException {
        assertThrows(
                IOException.class,
                () -> SealedFile.write(file, HEAD, out -> {
                    out.write(CONTENT);
                    throw new IOException("no more");
                }));
        assertArrayEquals(CONTENT, read(file));
        assertOnlyTheFile();
    }

    @Test
    void whatAKilledAgentLeftHalfWrittenGoes() throws IOException {
        Files.writeString(file.resolveSibling(".thing.new"), "half");
        SealedFile.write(file, HEAD, out -> out.write('y'));
        assertArrayEquals(new byte[] {'y'}, read(file));
        assertOnlyTheFile();
    }

    private void assertOnlyTheFile() throws IOException {
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertEquals(List.of(file), files.toList());
        }
    }
}
