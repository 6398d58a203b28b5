package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostLocalTest {
    private static final String SMALL = "{'subnet':'10.1.2.0/29'}";
    private static final Attachment A = new Attachment("a", "eth0");
    private static final Attachment B = new Attachment("b", "eth0");

    @TempDir
    Path dataDir;

    Path network;
    String boot = "boot-1";
    HostLocal hostLocal;

    @BeforeEach
    void open() {
        network = dataDir.resolve("net");
        hostLocal = new HostLocal(Disk.REAL, dataDir.toString(), "net", () -> boot);
    }

    private IpamConfig config(String ipam, String... more) throws Exception {
        String json =
                "{'cniVersion':'1.0.0','name':'net','ipam':" + ipam + (more.length == 0 ? "" : "," + more[0]) + "}";
        return new IpamConfigReader(dataDir + "/node.json", dataDir + "/subnet.env")
                .read(new ObjectMapper().readTree(json.replace('\'', '"')), more.length < 2 ? "" : more[1]);
    }

    private List<String> allocate(String ipam, Attachment attachment, String... more) throws Exception {
        return hostLocal.allocate(config(ipam, more), attachment).stream()
                .map(ip -> ip.address().toString())
                .toList();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(network)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> IpAddress.tryParse(name) != null)
                    .sorted()
                    .toList();
        }
    }

    private void foreignLease(String address, String content) throws IOException {
        Files.createDirectories(network);
        Files.writeString(network.resolve(address), content);
    }

    /** Nobody is at the other end of a FIFO: who writes to it would wait for ever, and who locks it is alone with that. */
    @ParameterizedTest
    @ValueSource(strings = {"last_reserved_ip.0", "lock"})
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void aFifoInPlaceOfAFileIsAnError(String name) throws Exception {
        Files.createDirectories(network);
        Path fifo = network.resolve(name);
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        IOException refused = assertThrows(LinuxException.class, () -> allocate(SMALL, A));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.endsWith(fifo + ": EINVAL Invalid argument (it is no regular file: remove it)"), message);
        assertEquals(List.of(), names());
        Files.delete(fifo);
        assertEquals(List.of("10.1.2.2/29"), allocate(SMALL, A));
    }

    /** Whoever reads a lease of more than 4 KiB takes it for torn. */
    @Test
    void anIdThatDoesNotFitIntoALeaseIsLeasedNothing() throws Exception {
        Attachment attachment = new Attachment("c".repeat(4091), "eth0");
        IpamException refused = assertThrows(IpamException.class, () -> allocate(SMALL, attachment));
        assertEquals(IpamException.INVALID_ENVIRONMENT, refused.code());
        assertFalse(Files.exists(network));
        Attachment fits = new Attachment("c".repeat(4090), "eth0");
        assertEquals(List.of("10.1.2.2/29"), allocate(SMALL, fits));
        hostLocal.release(fits);
        assertEquals(List.of(), names());
    }

    @Test
    void aLockThatIsADirectoryIsAnError() throws Exception {
        Path lock = Files.createDirectories(network.resolve("lock"));
        String message = "lock " + lock + ": EISDIR Is a directory (it must be a file: remove it)";
        assertEquals(
                message,
                assertThrows(LinuxException.class, () -> allocate(SMALL, A)).getMessage());
        assertEquals(
                message,
                assertThrows(LinuxException.class, () -> hostLocal.release(A)).getMessage());
    }

    @Test
    void keepsLeasesAsTheReferencePluginDoes() throws Exception {
        assertEquals(List.of("10.1.2.2/29"), allocate(SMALL, A));
        assertEquals("a\r\neth0", Files.readString(network.resolve("10.1.2.2")));
        assertEquals("10.1.2.2", Files.readString(network.resolve("last_reserved_ip.0")));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(network.resolve("10.1.2.2"))));
        assertEquals(0, Files.size(network.resolve("lock")));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(network.resolve("lock"))));
        hostLocal.release(A);
        assertEquals(List.of(), names());
    }

    @Test
    void givesAnAddressAgainOnlyAfterAllOthers() throws Exception {
        allocate(SMALL, A);
        hostLocal.release(A);
        assertEquals(List.of("10.1.2.3/29"), allocate(SMALL, A));
        assertEquals(List.of("10.1.2.4/29"), allocate(SMALL, B));
        hostLocal.release(A);
        for (String expected : List.of("10.1.2.5/29", "10.1.2.6/29", "10.1.2.2/29", "10.1.2.3/29", "10.1.2.5/29")) {
            assertEquals(List.of(expected), allocate(SMALL, A));
            hostLocal.release(A);
        }
    }

    @Test
    void exhaustionNamesTheRangeAndLeavesNothing() throws Exception {
        for (int i = 0; i < 5; i++) {
            allocate(SMALL, new Attachment("c" + i, "eth0"));
        }
        IpamException e = assertThrows(IpamException.class, () -> allocate(SMALL, A));
        assertEquals(
                "failed to allocate for range 0: no IP addresses available in range set: 10.1.2.1-10.1.2.6",
                e.message());
        assertEquals(5, names().size());
        IpamException status = assertThrows(IpamException.class, () -> hostLocal.status(config(SMALL)));
        assertEquals(IpamException.NOT_AVAILABLE, status.code());
        hostLocal.release(new Attachment("c3", "eth0"));
        hostLocal.status(config(SMALL));
        assertEquals(List.of("10.1.2.5/29"), allocate(SMALL, A));
    }

    @Test
    void refusesASecondAddressForTheSameAttachment() throws Exception {
        allocate(SMALL, A);
        IpamException e = assertThrows(IpamException.class, () -> allocate(SMALL, A));
        assertEquals(
                "failed to allocate for range 0: 10.1.2.2 has been allocated to a, duplicate allocation is not allowed",
                e.message());
        assertEquals(List.of("10.1.2.2"), names());
        assertEquals(List.of("10.1.2.3/29"), allocate(SMALL, new Attachment("a", "net1")));
        hostLocal.release(A);
        assertEquals(List.of("10.1.2.3"), names());
    }

    @Test
    void givesBackAllSetsWhenOneFails() throws Exception {
        String ranges = "{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'10.1.3.0/30','rangeStart':'10.1.3.2'}]]}";
        assertEquals(List.of("10.1.2.2/24", "10.1.3.2/30"), allocate(ranges, A));
        assertThrows(IpamException.class, () -> allocate(ranges, B));
        assertEquals(List.of("10.1.2.2", "10.1.3.2"), names());
        hostLocal.check(A, List.of(IpAddress.parse("10.1.2.2"), IpAddress.parse("10.1.3.2")));
        assertThrows(IpamException.class, () -> hostLocal.check(B, List.of()));
    }

    @Test
    void leasesRequestedAddressesFromEverySource() throws Exception {
        String ranges = "{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'fd00::/64'}]]}";
        assertEquals(List.of("10.1.2.88/24", "fd00::2/64"), allocate(ranges, A, "'x':1", "10.1.2.88"));
        assertEquals(
                List.of("10.1.2.89/24", "fd00::77/64"),
                allocate(ranges, B, "'args':{'cni':{'ips':['10.1.2.89/24']}},'runtimeConfig':{'ips':['fd00::77']}"));
        Attachment c = new Attachment("c", "eth0");
        IpamException taken =
                assertThrows(IpamException.class, () -> allocate(ranges, c, "'runtimeConfig':{'ips':['10.1.2.89']}"));
        assertEquals(
                "failed to allocate for range 0: requested IP address 10.1.2.89 is not available in range set"
                        + " 10.1.2.1-10.1.2.254",
                taken.message());
        IpamException outside =
                assertThrows(IpamException.class, () -> allocate(ranges, c, "'runtimeConfig':{'ips':['10.9.9.9']}"));
        assertEquals("failed to allocate all requested IPs: 10.9.9.9", outside.message());
        IpamException gateway =
                assertThrows(IpamException.class, () -> allocate(ranges, c, "'runtimeConfig':{'ips':['10.1.2.1']}"));
        assertTrue(gateway.message().contains("is subnet's gateway"), gateway.message());
        assertEquals(List.of("10.1.2.88", "10.1.2.89", "fd00::2", "fd00::77"), names());
    }

    @Test
    void seesWhatOthersChanged() throws Exception {
        allocate(SMALL, A);
        foreignLease("10.1.2.3", "b\r\neth0");
        assertThrows(IpamException.class, () -> allocate(SMALL, B));
        hostLocal.release(B);
        assertEquals(List.of("10.1.2.2"), names());
        foreignLease("10.1.2.4", "old-format\n");
        hostLocal.release(new Attachment("old-format", "eth0"));
        assertEquals(List.of("10.1.2.2"), names());
        Files.delete(network.resolve("10.1.2.2"));
        assertEquals(List.of("10.1.2.3/29"), allocate(SMALL, A));
    }

    @Test
    void reclaimsWhatACrashLeftHalfWritten() throws Exception {
        foreignLease("10.1.2.2", "");
        foreignLease("10.1.2.3", "\0\0\0\0\0\0");
        foreignLease("10.1.2.4", " \r\n");
        foreignLease("10.1.2.5", "c\r\neth0");
        Files.writeString(network.resolve(".towpath-12-12"), "a\r\neth0");
        assertEquals(List.of("10.1.2.2/29"), allocate(SMALL, A));
        assertEquals(List.of("10.1.2.2", "10.1.2.5"), names());
        assertFalse(Files.exists(network.resolve(".towpath-12-12")));
    }

    @Test
    void collectsWhatIsNotValid() throws Exception {
        allocate(SMALL, A);
        allocate(SMALL, B);
        foreignLease("10.1.2.5", "a");
        foreignLease("10.1.2.6", "gone");
        List<Lease> released = hostLocal.gc(Set.of(A));
        assertEquals(2, released.size());
        assertEquals(List.of("10.1.2.2", "10.1.2.5"), names());
        assertTrue(Files.exists(network.resolve("last_reserved_ip.0")));
        hostLocal.gc(Set.of());
        assertEquals(List.of(), names());
        assertEquals(List.of("10.1.2.4/29"), allocate(SMALL, A));
    }

    /** Somebody took no lock, at the worst moment: the index says that the address is still the first one's. */
    @Test
    void neverRemovesALeaseThatHasBecomeAnothers() throws Exception {
        allocate(SMALL, A);
        FileTime marked = Files.getLastModifiedTime(network);
        Files.delete(network.resolve("10.1.2.2"));
        foreignLease("10.1.2.2", "b\r\neth0");
        Files.setLastModifiedTime(network, marked);
        hostLocal.release(A);
        assertEquals(List.of("10.1.2.2"), names());
        assertThrows(IpamException.class, () -> hostLocal.check(A, List.of()));
    }

    @Test
    void aNameThatIsNoNetworksIsRefused() {
        for (String name : List.of("", ".towpath", "..", "../x", "a/b")) {
            ObjectNode conf = JsonNodeFactory.instance.objectNode().put("name", name);
            conf.putObject("ipam");
            assertEquals(
                    IpamException.INVALID_CONFIG,
                    assertThrows(IpamException.class, () -> HostLocal.of(conf)).code());
        }
    }

    @Test
    void releasesWhereNothingIs() throws Exception {
        hostLocal.release(A);
        assertFalse(Files.exists(network));
        allocate(SMALL, B);
        hostLocal.release(A);
        assertEquals(List.of("10.1.2.2"), names());
    }

    @Test
    void releasesWhereAPlainFileHasTheFoldersPlace() throws Exception {
        Files.writeString(network, "no folder");
        hostLocal.release(A);
        assertEquals("no folder", Files.readString(network));
    }
}
