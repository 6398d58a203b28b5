package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the calls cost, in steps on disk: the same however many leases there are. */
class NormalPathTest {
    private static final String SUBNET = "{'subnet':'10.1.0.0/22'}";
    private static final int LEASES = 300;

    @TempDir(factory = MemoryFolder.class)
    Path dataDir;

    Store store;

    @BeforeEach
    void fill() throws Exception {
        store = new Store(dataDir);
        for (int i = 0; i < LEASES; i++) {
            store.foreign("10.1." + (i + 2) / 256 + "." + (i + 2) % 256, "c" + i + "\r\neth0");
        }
        Files.writeString(store.network().resolve("last_reserved_ip.0"), "10.1.1.45");
        store.open("1").allocate(Store.ipam(SUBNET), Store.eth0("first"));
    }

    private interface Call {
        void on(HostLocal hostLocal) throws Exception;
    }

    private List<String> steps(Call call) throws Exception {
        FaultyDisk disk = new FaultyDisk();
        call.on(store.open(disk, "1"));
        return disk.steps().stream()
                .map(step -> step.replace(dataDir.toString(), ""))
                .toList();
    }

    @Test
    void addDelCheckAndStatusReadNoFolder() throws Exception {
        assertEquals(
                List.of(
                        "lock /net/lock",
                        "read /.towpath/net/.boot",
                        "status /net",
                        "read /.towpath/net/a,eth0",
                        "read /.towpath/net/a",
                        "read /net/last_reserved_ip.0",
                        "status /net/10.1.1.47",
                        "publishNew /net/10.1.1.47",
                        "overwrite /net/last_reserved_ip.0",
                        "status /net/10.1.1.47",
                        "overwrite /.towpath/net/a,eth0",
                        "setModified /net"),
                steps(h -> h.allocate(Store.ipam(SUBNET), Store.eth0("a"))));
        assertEquals(
                List.of("read /net/last_reserved_ip.0", "status /net/10.1.1.48"),
                steps(h -> h.status(Store.ipam(SUBNET))));
        assertEquals(8, steps(h -> h.check(Store.eth0("a"), List.of())).size());
        assertEquals(
                List.of(
                        "status /net",
                        "lock /net/lock",
                        "read /.towpath/net/.boot",
                        "status /net",
                        "read /.towpath/net/a,eth0",
                        "status /net/10.1.1.47",
                        "read /net/10.1.1.47",
                        "read /.towpath/net/a",
                        "unlink /net/10.1.1.47",
                        "unlink /.towpath/net/a,eth0",
                        "setModified /net"),
                steps(h -> h.release(Store.eth0("a"))));
        assertEquals(6, steps(h -> h.release(Store.eth0("a"))).size());
    }

    @Test
    void anExhaustedRangeIsListedOnceAndNotProbed() throws Exception {
        String full = "{'subnet':'10.1.0.0/22','rangeEnd':'10.1.1.45'}";
        List<String> steps = steps(h -> {
            IpamException e = assertThrows(IpamException.class, () -> h.allocate(Store.ipam(full), Store.eth0("a")));
            assertTrue(e.message().contains("no IP addresses available in range set: 10.1.0.1-10.1.1.45"), e.message());
        });
        assertTrue(steps.size() < 45, steps.size() + " steps");
        assertEquals(1, steps.stream().filter(step -> step.startsWith("list")).count());
        assertEquals(300, store.open("1").fill(Store.ipam(full)).getFirst().taken());
        assertEquals(300, store.open("1").fill(Store.ipam(full)).getFirst().capacity());
    }
}
