package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is reclaimed because the node was booted, and above all what is not. No clock has a say. */
class BootTest {
    private static final String SUBNET = "{'subnet':'10.1.2.0/24'}";

    @TempDir
    Path dataDir;

    Store store;

    @BeforeEach
    void open() {
        store = new Store(dataDir);
    }

    private void allocate(String boot, String containerId) throws Exception {
        store.open(boot).allocate(Store.ipam(SUBNET), Store.eth0(containerId));
    }

    private Set<String> addresses() throws IOException {
        return store.leases().keySet();
    }

    private void setTime(String address, long millis) throws IOException {
        Files.setLastModifiedTime(store.network().resolve(address), FileTime.fromMillis(millis));
    }

    @Test
    void allLeasesOfTheEarlierBootGoWhateverTheClockSaid() throws Exception {
        allocate("1", "a");
        allocate("1", "b");
        setTime("10.1.2.2", 1);
        setTime("10.1.2.3", System.currentTimeMillis() + 1_000_000_000L);
        allocate("2", "c");
        assertEquals(Set.of("10.1.2.4"), addresses());
    }

    @Test
    void aLiveNodeIsTakenOverWithAllItsLeases() throws Exception {
        store.foreign("10.1.2.2", "live\r\neth0");
        store.foreign("10.1.2.3", "old-format");
        allocate("1", "a");
        allocate("1", "b");
        assertEquals(Set.of("10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5"), addresses());
        allocate("2", "c");
        assertEquals(Set.of("10.1.2.6"), addresses());
    }

    @Test
    void whatAnotherProgramLeasedInThisBootStaysThoughTheClockWasWrong() throws Exception {
        allocate("1", "a");
        allocate("1", "b");
        store.foreign("10.1.2.9", "live\r\neth0");
        allocate("2", "c");
        assertEquals(Set.of("10.1.2.4", "10.1.2.9"), addresses());
        allocate("2", "d");
        allocate("3", "e");
        assertEquals(Set.of("10.1.2.6"), addresses());
    }

    @Test
    void aLeaseThatAnotherProgramMadeAnewUnderTheSameNamesStays() throws Exception {
        allocate("1", "a");
        allocate("1", "b");
        store.foreignRemove("10.1.2.2");
        store.foreign("10.1.2.2", "a\r\neth0");
        allocate("2", "c");
        assertEquals(Set.of("10.1.2.2", "10.1.2.4"), addresses());
    }

    @Test
    void whatNobodySawIsKeptForOneBootOnly() throws Exception {
        allocate("1", "a");
        store.foreign("10.1.2.9", "after-our-last-call\r\neth0");
        allocate("2", "b");
        assertEquals(Set.of("10.1.2.3", "10.1.2.9"), addresses());
        allocate("3", "c");
        assertEquals(Set.of("10.1.2.4"), addresses());
    }

    @Test
    void withoutTheStampNothingIsReclaimed() throws Exception {
        allocate("1", "a");
        Files.delete(dataDir.resolve(".towpath/net/.boot"));
        allocate("2", "b");
        assertEquals(Set.of("10.1.2.2", "10.1.2.3"), addresses());
        Files.writeString(dataDir.resolve(".towpath/net/.boot"), "");
        allocate("3", "c");
        assertEquals(Set.of("10.1.2.2", "10.1.2.3", "10.1.2.4"), addresses());
    }

    @Test
    void nodesOnOneKernelHaveNothingToDoWithEachOther(@TempDir Path other) throws Exception {
        allocate("1", "a");
        new Store(other).open("1").allocate(Store.ipam(SUBNET), Store.eth0("b"));
        allocate("1", "c");
        assertEquals(Set.of("10.1.2.2", "10.1.2.3"), addresses());
        assertEquals(Set.of("10.1.2.2"), new Store(other).leases().keySet());
    }

    @Test
    void statusFindsTheRoomThatTheRebootMade() throws Exception {
        String small = "{'subnet':'10.1.2.0/30'}";
        store.open("1").allocate(Store.ipam(small), Store.eth0("a"));
        store.open("2").status(Store.ipam(small));
        assertEquals(Set.of(), addresses());
    }

    @Test
    void whatIsNoFileIsTakenAndLeftAlone() throws Exception {
        Files.createDirectories(store.network().resolve("10.1.2.2"));
        Files.createSymbolicLink(store.network().resolve("10.1.2.3"), Path.of("/nonexistent"));
        allocate("1", "a");
        assertEquals(
                Set.of("a"),
                Set.copyOf(store.open("1").list().stream()
                        .map(lease -> lease.attachment().containerId())
                        .toList()));
        assertEquals(
                List.of("10.1.2.2 STRANGE", "10.1.2.3 STRANGE", "10.1.2.4 LEASED"),
                store.open("1").files().stream()
                        .map(file -> file.address() + " " + file.state())
                        .toList());
        store.open("2").gc(Set.of());
        assertEquals(2, store.open("2").files().size());
    }
}
