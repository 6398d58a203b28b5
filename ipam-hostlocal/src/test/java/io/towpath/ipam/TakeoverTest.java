package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.linux.FileLock;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakeoverTest {
    @TempDir
    private Path dataDir;

    private HostLocal network(String name) {
        return new HostLocal(Disk.REAL, dataDir.toString(), name, () -> "boot-1");
    }

    private String allocate(String network, String container) throws Exception {
        String json = "{'cniVersion':'1.0.0','name':'" + network + "','ipam':{'subnet':'10.1.2.0/24'}}";
        IpamConfig config = new IpamConfigReader(dataDir + "/node.json", dataDir + "/subnet.env")
                .read(new ObjectMapper().readTree(json.replace('\'', '"')), "");
        return network(network)
                .allocate(config, new Attachment(container, "eth0"))
                .get(0)
                .address()
                .address()
                .toString();
    }

    /** As the reference plugin does. */
    private void lease(String network, String address, String content) throws IOException {
        Path folder = Files.createDirectories(dataDir.resolve(network));
        Files.writeString(folder.resolve(address), content);
    }

    @Test
    void addressesOfRunningPodsAreLeasedToNobodyElse() throws Exception {
        lease("cbr0", "10.1.2.2", "pod-1\r\neth0");
        lease("cbr0", "10.1.2.3", "pod-2\r\neth0");
        lease("cbr0", "last_reserved_ip.0", "10.1.2.3");
        lease("cbr0", "10.1.2.9", "");
        Takeover takeover = Takeover.of(network("cbr0"), network("net"), () -> {});
        assertEquals(2, takeover.leases().size());
        assertEquals(List.of(), takeover.twice());
        assertEquals("10.1.2.4", allocate("net", "new"));
        assertFalse(Files.exists(dataDir.resolve("cbr0/10.1.2.2")));
        // By their DEL, which now is another plugin's.
        network("net").release(new Attachment("pod-1", "eth0"));
        assertFalse(Files.exists(dataDir.resolve("net/10.1.2.2")));
    }

    @Test
    void itIsDoneAgainWithoutHarmAndTellsWhatIsLeasedTwice() throws Exception {
        lease("cbr0", "10.1.2.2", "pod-1\r\neth0");
        assertEquals("10.1.2.2", allocate("net", "other"));
        lease("cbr0", "10.1.2.3", "pod-2\r\neth0");
        for (int moved = 1; moved >= 0; moved--) {
            Takeover takeover = Takeover.of(network("cbr0"), network("net"), () -> {});
            assertEquals(moved, takeover.leases().size());
            assertEquals("10.1.2.2", takeover.twice().get(0).address().toString());
        }
        assertEquals("pod-2\r\neth0", Files.readString(dataDir.resolve("net/10.1.2.3")));
        assertEquals("other\r\neth0", Files.readString(dataDir.resolve("net/10.1.2.2")));
    }

    @Test
    void aNetworkThatNeverWasHasNothing() throws Exception {
        List<String> done = new ArrayList<>();
        assertEquals(
                List.of(),
                Takeover.of(network("cbr0"), network("net"), () -> done.add("then"))
                        .leases());
        assertEquals(List.of("then"), done);
        assertFalse(Files.exists(dataDir.resolve("cbr0")));
    }

    /** Whoever allocates meanwhile, in either network, does so before or after all of it. */
    @Test
    void nobodyLeasesMeanwhile() throws Exception {
        lease("cbr0", "10.1.2.3", "first\r\neth0");
        allocate("net", "second");
        Takeover.of(network("cbr0"), network("net"), () -> {
            assertEquals("first\r\neth0", Files.readString(dataDir.resolve("net/10.1.2.3")));
            assertEquals("first\r\neth0", Files.readString(dataDir.resolve("cbr0/10.1.2.3")));
            for (String each : List.of("cbr0", "net")) {
                assertThrows(LinuxException.class, () -> FileLock.tryAcquire(dataDir + "/" + each + "/lock"));
            }
        });
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<String>> allocations = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String container = "c" + i;
                allocations.add(threads.submit(() -> allocate("cbr0", container)));
            }
            List<Lease> moved = new ArrayList<>(
                    Takeover.of(network("cbr0"), network("net"), () -> {}).leases());
            for (Future<String> each : allocations) {
                each.get();
            }
            // Those that came after it lease from the addresses that are free there again, as nothing was switched.
            Set<String> here = network("net").list().stream()
                    .map(lease -> lease.attachment().containerId())
                    .collect(Collectors.toSet());
            Set<String> there = network("cbr0").list().stream()
                    .map(lease -> lease.attachment().containerId())
                    .collect(Collectors.toSet());
            assertEquals(40, here.size() + there.size() - 2);
            moved.forEach(lease -> assertTrue(here.contains(lease.attachment().containerId())));
        }
    }
}
