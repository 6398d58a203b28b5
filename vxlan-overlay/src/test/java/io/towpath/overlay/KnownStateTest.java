package io.towpath.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KnownStateTest {
    @TempDir
    private Path folder;

    @Test
    void isReadAsItWasWritten() throws Exception {
        for (String warning : new String[] {null, "cluster file x: is empty"}) {
            for (boolean flag : new boolean[] {false, true}) {
                KnownState state = new KnownState(
                        "1 2 3 4", "ff", List.of("flannel.1 up", "flannel-v6.1 up"), flag, !flag, warning);
                state.write(folder.toString());
                assertEquals(state, KnownState.read(folder.toString()));
            }
        }
    }

    @Test
    void missingIsNull() throws Exception {
        assertNull(KnownState.read(folder.toString()));
        assertNull(KnownState.read(folder.resolve("none").toString()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                "towpath-overlay 2\ncluster 1\nsubnet-env a\ndevice x up\n",
                "towpath-overlay 1",
                "towpath-overlay 1\n",
                "towpath-overlay 1\ncluster 1\nsubnet-env a\n",
                "towpath-overlay 1\ncluster 1\nsubnet-env a\ndevice x up",
                "towpath-overlay 1\ncluster 1\nsubnet-env a\ndevice x up\nfuture y\n",
                "towpath-overlay 1\nsubnet-env a\ndevice x up\n",
                "towpath-overlay 1\n\n\n",
            })
    void whatIsOfNoUseIsNull(String content) throws Exception {
        Files.writeString(folder.resolve(KnownState.FILE), content);
        assertNull(KnownState.read(folder.toString()));
    }

    @Test
    void everyChangeOfAFileChangesItsFingerprint() throws Exception {
        Path file = folder.resolve("cluster.json");
        assertNull(KnownState.fingerprint(file.toString()));
        Files.writeString(file, "one");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        String first = KnownState.fingerprint(file.toString());
        assertNotNull(first);
        assertEquals(first, KnownState.fingerprint(file.toString()));
        Files.writeString(file, "two");
        assertNotEquals(first, KnownState.fingerprint(file.toString()));

        // An older file put in its place.
        Path older = folder.resolve("older.json");
        Files.writeString(older, "one");
        Files.setLastModifiedTime(older, FileTime.fromMillis(1_000_000));
        Files.move(older, file, StandardCopyOption.REPLACE_EXISTING);
        assertNotEquals(first, KnownState.fingerprint(file.toString()));
    }

    @Test
    void aLinkIsWhatItLeadsTo() throws Exception {
        Path first = Files.writeString(folder.resolve("first"), "1");
        Path link = folder.resolve("link");
        Files.createSymbolicLink(link, Path.of("first"));
        assertEquals(KnownState.fingerprint(first.toString()), KnownState.fingerprint(link.toString()));
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("nothing"));
        assertNull(KnownState.fingerprint(link.toString()));
    }
}
