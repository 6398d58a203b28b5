package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of call, with each kind of fault at each of its steps. */
class FaultTest {
    private static final String TWO_SETS = "{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'fd00::/64'}]]}";
    private static final String ONE_LEFT = "{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'10.1.3.0/30'}]]}";
    private static final Attachment VICTIM = Store.eth0("victim");
    private static final Attachment OTHER = Store.eth0("other");
    private static final String LEGACY = "10.1.2.200";
    private static final String LIVE = "10.1.2.201";

    interface Call {
        void on(HostLocal hostLocal) throws Exception;
    }

    static List<Scenario> scenarios() {
        Call add = h -> h.allocate(Store.ipam(TWO_SETS), VICTIM);
        Call del = h -> h.release(VICTIM);
        return List.of(
                new Scenario("FIRST_ADD", false, "1", add),
                new Scenario("ADD", true, "1", add),
                new Scenario("ADD_WITHOUT_ROOM", true, "1", h -> h.allocate(Store.ipam(ONE_LEFT), VICTIM)),
                new Scenario("ADD_AFTER_ANOTHER_PROGRAM", true, "1", add),
                new Scenario("ADD_AFTER_BOOT", true, "2", add),
                new Scenario("ADD_AFTER_BOOT_AND_ANOTHER_PROGRAM", true, "2", add),
                new Scenario("DEL", true, "1", del),
                new Scenario("DEL_AFTER_ANOTHER_PROGRAM", true, "1", del),
                new Scenario("GC", true, "1", h -> h.gc(Set.of(OTHER, Store.eth0("legacy"), Store.eth0("live")))),
                new Scenario("CHECK", true, "1", h -> h.check(VICTIM, List.of())),
                new Scenario("STATUS_WITHOUT_ROOM", true, "1", h -> h.status(Store.ipam("{'subnet':'10.1.3.0/30'}"))));
    }

    /** A call, and the state of the store that it meets. */
    record Scenario(String name, boolean prepared, String boot, Call call) {
        @Override
        public String toString() {
            return name;
        }

        boolean afterAnotherProgram() {
            return name.endsWith("ANOTHER_PROGRAM");
        }

        boolean adds() {
            return name.contains("ADD");
        }

        boolean refusedWithoutFault() {
            return name.endsWith("WITHOUT_ROOM");
        }

        void prepare(Store store) throws Exception {
            if (!prepared) {
                return;
            }
            store.foreign(LEGACY, "legacy");
            store.foreign("10.1.3.2", "full\r\neth0");
            HostLocal hostLocal = store.open("1");
            hostLocal.allocate(Store.ipam(TWO_SETS), OTHER);
            if (!adds()) {
                hostLocal.allocate(Store.ipam(TWO_SETS), VICTIM);
            }
            if (afterAnotherProgram()) {
                store.foreign(LIVE, "live\r\neth0");
                store.foreign("10.1.2.202", "");
            }
        }

        /** The leases that no fault may cost. */
        Set<String> safe() {
            if (!prepared) {
                return Set.of();
            }
            if (boot.equals("2")) {
                return afterAnotherProgram() ? Set.of(LIVE) : Set.of();
            }
            return afterAnotherProgram()
                    ? Set.of("10.1.2.2", "fd00::2", LEGACY, LIVE)
                    : Set.of("10.1.2.2", "fd00::2", LEGACY);
        }
    }

    @TempDir(factory = MemoryFolder.class)
    Path dir;

    @ParameterizedTest
    @MethodSource("scenarios")
    void leavesNothingThatTheNextCallDoesNotMend(Scenario scenario) throws Exception {
        for (FaultyDisk.Fault fault : FaultyDisk.Fault.values()) {
            int step = 1;
            while (isReached(scenario, fault, step)) {
                step++;
            }
            assertTrue(step > 3, scenario + " has hardly a step");
        }
    }

    private boolean isReached(Scenario scenario, FaultyDisk.Fault fault, int step) throws Exception {
        Store store = new Store(dir.resolve(scenario + "-" + fault + "-" + step));
        scenario.prepare(store);
        FaultyDisk disk = new FaultyDisk(step, fault);
        boolean failed = run(scenario, store, disk);
        if (!disk.reached()) {
            assertEquals(scenario.refusedWithoutFault(), failed);
        }
        String where = scenario + ", " + fault + " at "
                + disk.steps().get(Math.min(step, disk.steps().size()) - 1);
        boolean undoFailed = fault == FaultyDisk.Fault.IO_ERROR && where.contains(" at unlink " + store.network());
        if (failed && scenario.adds() && !died(fault) && !undoFailed) {
            assertEquals(List.of(), held(store, VICTIM), where);
        }
        if (fault == FaultyDisk.Fault.FULL && !scenario.adds()) {
            assertEquals(scenario.refusedWithoutFault(), failed, where + ": giving back takes no space");
        }
        assertMended(scenario, store, where);
        return disk.reached();
    }

    private static boolean died(FaultyDisk.Fault fault) {
        return fault == FaultyDisk.Fault.DEATH || fault == FaultyDisk.Fault.DEATH_IN_WRITE;
    }

    private static boolean run(Scenario scenario, Store store, FaultyDisk disk) throws Exception {
        try {
            scenario.call().on(store.open(disk, scenario.boot));
            return false;
        } catch (FaultyDisk.Death | LinuxException | IpamException e) {
            return true;
        }
    }

    private static List<String> held(Store store, Attachment attachment) throws Exception {
        List<String> held = new ArrayList<>();
        for (Map.Entry<String, String> lease : store.leases().entrySet()) {
            if (lease.getValue().equals(attachment.containerId() + "\r\n" + attachment.interfaceName())) {
                held.add(lease.getKey());
            }
        }
        return held;
    }

    private static void assertMended(Scenario scenario, Store store, String where) throws Exception {
        for (Map.Entry<String, String> lease : store.leases().entrySet()) {
            boolean foreignTorn = lease.getKey().equals("10.1.2.202");
            assertFalse(lease.getValue().isEmpty() && !foreignTorn, where + " tore " + lease.getKey());
        }
        assertTrue(store.leases().keySet().containsAll(scenario.safe()), where + " left " + store.leases());

        HostLocal next = store.open(scenario.boot);
        assertIndexed(next, where);
        next.release(VICTIM);
        assertEquals(List.of(), held(store, VICTIM), where);
        assertTrue(store.leases().keySet().containsAll(scenario.safe()), where + " left " + store.leases());
        if (scenario.boot.equals("2")) {
            assertEquals(scenario.safe(), store.leases().keySet(), where);
        }
        assertIndexed(next, where);
        assertEquals(2, next.allocate(Store.ipam(TWO_SETS), VICTIM).size(), where);
        assertThrows(IpamException.class, () -> next.allocate(Store.ipam(TWO_SETS), VICTIM), where);
        assertIndexed(next, where);
        assertFalse(Files.exists(store.network().resolve("10.1.2.202")), where);
    }

    /** By way of the index each attachment has what its files say. */
    private static void assertIndexed(HostLocal hostLocal, String where) throws Exception {
        hostLocal.release(Store.eth0("nobody")); // drops what is torn or of an earlier boot
        Map<Attachment, List<IpAddress>> byFile = new HashMap<>();
        for (LeaseFile file : hostLocal.files()) {
            assertTrue(file.isLease(), where + " left " + file);
            byFile.computeIfAbsent(file.attachment(), a -> new ArrayList<>()).add(file.address());
        }
        for (Map.Entry<Attachment, List<IpAddress>> entry : byFile.entrySet()) {
            assertDoesNotThrow(() -> hostLocal.check(entry.getKey(), entry.getValue()), where);
        }
    }
}
