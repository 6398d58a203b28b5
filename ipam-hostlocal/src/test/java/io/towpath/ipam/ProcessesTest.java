package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that work in one store at the same time, and are killed. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ProcessesTest {
    private static final String CONFIG = "{'cniVersion':'1.0.0','name':'net',"
            + "'ipam':{'ranges':[[{'subnet':'10.1.2.0/26'}],[{'subnet':'fd00::/64'}]]}}";

    @TempDir
    Path dataDir;

    @Test
    void neverHaveTheSameAddress() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(LeaseWorker.start(dataDir, "p" + i + "-", i, 150, CONFIG));
        }
        Map<String, String> holders = new HashMap<>();
        for (Process process : processes) {
            Map<String, Set<String>> held = new HashMap<>();
            LeaseWorker.output(process).lines().map(line -> line.split(" ", -1)).forEach(words -> {
                if (words[0].equals("add")) {
                    held.computeIfAbsent(words[1], id -> new HashSet<>()).add(words[2]);
                } else {
                    held.remove(words[1]);
                }
            });
            assertEquals(0, process.waitFor());
            held.forEach((id, addresses) ->
                    addresses.forEach(address -> assertEquals(null, holders.put(address, id + "\r\neth0"), address)));
        }
        assertFalse(holders.isEmpty());
        assertEquals(holders, new HashMap<>(new Store(dataDir).leases()));
    }

    @Test
    void leaveNothingTornWhenTheyAreKilled() throws Exception {
        Store store = new Store(dataDir);
        HostLocal ours = HostLocal.of(dataDir.toString(), Store.NETWORK);
        Attachment steady = Store.eth0("steady");
        List<IpAddress> steadyAddresses = new ArrayList<>();
        ours.allocate(Store.config(CONFIG), steady)
                .forEach(ip -> steadyAddresses.add(ip.address().address()));
        Random random = new Random(20);
        for (int round = 0; round < 15; round++) {
            Process victim = LeaseWorker.start(dataDir, "v" + round + "-", round, 1_000_000, CONFIG);
            try (BufferedReader output = LeaseWorker.output(victim)) {
                for (int line = random.nextInt(60); line >= 0; line--) {
                    assertNotNull(output.readLine(), "the worker ended by itself");
                }
                victim.destroyForcibly();
                victim.waitFor();
            }
            store.leases().forEach((address, content) -> assertTrue(content.endsWith("\r\neth0"), address));
            ours.check(steady, steadyAddresses);
            Set<Attachment> left = new HashSet<>();
            ours.list().forEach(lease -> left.add(lease.attachment()));
            left.remove(steady);
            for (Attachment attachment : left) {
                ours.release(attachment);
            }
            assertEquals(steadyAddresses.size(), store.leases().size(), "round " + round);
        }
    }
}
