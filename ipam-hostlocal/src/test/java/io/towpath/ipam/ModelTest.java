package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Random calls, other programs' changes and reboots, compared after each with a model that knows no files. */
class ModelTest {
    static final List<Integer> SEEDS =
            java.util.stream.IntStream.range(0, 40).boxed().toList();

    private static final int STEPS = 250;
    private static final int ATTACHMENTS = 9;
    private static final int FIRST = 2;
    private static final int LAST = 6;
    private static final String[] PREFIXES = {"10.1.2.", "fd00::"};
    private static final String CONFIG =
            "'ipam':{'ranges':[[{'subnet':'10.1.2.0/29'}],[{'subnet':'fd00::/64','rangeEnd':'fd00::6'}]]}";

    @TempDir(factory = MemoryFolder.class)
    Path dataDir;

    /** Address to container. */
    private final Map<String, String> leases = new TreeMap<>();

    /** Those that a call of ours has seen in the boot that it was made in. */
    private final Set<String> seen = new HashSet<>();

    private final Map<Integer, Integer> last = new HashMap<>();
    private Random random = new Random(0);
    private int boot = 1;
    private int indexedBoot;
    private boolean changedByOthers;

    @ParameterizedTest
    @FieldSource("SEEDS")
    void behavesAsTheModel(int seed) throws Exception {
        random = new Random(seed);
        Store store = new Store(dataDir);
        for (int i = 0; i < STEPS; i++) {
            String step = "seed " + seed + ", step " + i;
            String containerId = "c" + random.nextInt(ATTACHMENTS);
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> assertEquals(add(containerId), realAdd(store, containerId, ""), step);
                case 4 -> {
                    String wanted = PREFIXES[random.nextInt(2)] + (1 + random.nextInt(LAST));
                    assertEquals(addRequested(containerId, wanted), realAdd(store, containerId, wanted), step);
                }
                case 5, 6, 7 -> {
                    release(containerId);
                    store.open(boot + "").release(Store.eth0(containerId));
                }
                case 8 -> {
                    Set<String> valid = new HashSet<>(List.of("c1", "c2", "c3", "c4", containerId));
                    see();
                    if (leases.values().retainAll(valid)) {
                        seen.retainAll(leases.keySet());
                    }
                    Set<Attachment> attachments = new HashSet<>();
                    valid.forEach(id -> attachments.add(Store.eth0(id)));
                    store.open(boot + "").gc(attachments);
                }
                case 9 -> addByOthers(store, "f" + i);
                case 10 -> removeByOthers(store);
                default -> boot += random.nextInt(3) == 0 ? 1 : 0;
            }
            Map<String, String> real = new TreeMap<>();
            store.leases().forEach((address, content) -> real.put(address, content.replace("\r\neth0", "")));
            assertEquals(leases, real, step);
        }
    }

    private String realAdd(Store store, String containerId, String wanted) throws Exception {
        String request = wanted.isEmpty() ? "" : "'runtimeConfig':{'ips':['" + wanted + "']},";
        try {
            List<String> addresses = new ArrayList<>();
            IpamConfig config = Store.config("{'cniVersion':'1.0.0','name':'net'," + request + CONFIG + "}");
            store.open(boot + "")
                    .allocate(config, Store.eth0(containerId))
                    .forEach(ip -> addresses.add(ip.address().address().toString()));
            return addresses.toString();
        } catch (IpamException e) {
            return "refused";
        }
    }

    /** What any locking call of ours does first. */
    private void see() {
        if (indexedBoot != 0 && indexedBoot != boot) {
            if (changedByOthers) {
                leases.keySet().removeAll(seen);
            } else {
                leases.clear();
            }
        }
        seen.clear();
        seen.addAll(leases.keySet());
        indexedBoot = boot;
        changedByOthers = false;
    }

    private String add(String containerId) {
        see();
        return allocate(containerId, "");
    }

    private String addRequested(String containerId, String wanted) {
        see();
        return allocate(containerId, wanted);
    }

    private String allocate(String containerId, String wanted) {
        List<String> given = new ArrayList<>();
        boolean held = leases.containsValue(containerId);
        for (int set = 0; set < 2; set++) {
            String prefix = PREFIXES[set];
            boolean heldHere = held
                    && leases.entrySet().stream()
                            .anyMatch(lease -> lease.getKey().startsWith(prefix)
                                    && lease.getValue().equals(containerId)
                                    && !given.contains(lease.getKey()));
            int number = heldHere ? 0 : wanted.startsWith(prefix) ? requested(wanted) : free(set);
            if (number == 0) {
                given.forEach(leases::remove);
                seen.retainAll(leases.keySet());
                return "refused";
            }
            leases.put(prefix + number, containerId);
            last.put(set, number);
            given.add(prefix + number);
        }
        seen.addAll(given);
        return given.toString();
    }

    private int requested(String wanted) {
        int number = wanted.charAt(wanted.length() - 1) - '0';
        return number < FIRST || leases.containsKey(wanted) ? 0 : number;
    }

    private int free(int set) {
        int from = last.getOrDefault(set, LAST);
        for (int i = 1; i <= LAST - FIRST + 1; i++) {
            int number = FIRST + (from - FIRST + i) % (LAST - FIRST + 1);
            if (!leases.containsKey(PREFIXES[set] + number)) {
                return number;
            }
        }
        return 0;
    }

    private void release(String containerId) {
        if (indexedBoot == 0 && leases.isEmpty() && !changedByOthers) {
            return;
        }
        see();
        leases.values().removeIf(containerId::equals);
        seen.retainAll(leases.keySet());
    }

    private void addByOthers(Store store, String containerId) throws Exception {
        String address = PREFIXES[random.nextInt(2)] + (FIRST + random.nextInt(LAST - FIRST + 1));
        if (!leases.containsKey(address)) {
            store.foreign(address, containerId + "\r\neth0");
            leases.put(address, containerId);
            changedByOthers = true;
        }
    }

    private void removeByOthers(Store store) throws Exception {
        if (!leases.isEmpty()) {
            String address = List.copyOf(leases.keySet()).get(random.nextInt(leases.size()));
            store.foreignRemove(address);
            leases.remove(address);
            seen.remove(address);
            changedByOthers = true;
        }
    }
}
