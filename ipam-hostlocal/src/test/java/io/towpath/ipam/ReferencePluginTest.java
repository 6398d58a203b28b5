package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.towpath.linux.FileLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Side by side with the reference plugin in one store. */
class ReferencePluginTest {
    private static final Path REFERENCE = Path.of("/usr/lib/cni/host-local");

    @TempDir
    Path dataDir;

    HostLocal ours;
    String conf;

    @BeforeEach
    void open() {
        assumeTrue(Files.isExecutable(REFERENCE), REFERENCE + " is not installed (containernetworking-plugins)");
        ours = HostLocal.of(dataDir.toString(), "net");
        conf = "{\"cniVersion\":\"0.4.0\",\"name\":\"net\",\"type\":\"x\",\"ipam\":{\"type\":\"host-local\",\"subnet\":"
                + "\"10.1.2.0/24\",\"dataDir\":\"" + dataDir + "\"}}";
    }

    private record Answer(int status, String output) {}

    private Answer reference(String command, String containerId) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(REFERENCE.toString());
        builder.environment()
                .putAll(Map.of(
                        "CNI_COMMAND",
                        command,
                        "CNI_CONTAINERID",
                        containerId,
                        "CNI_IFNAME",
                        "eth0",
                        "CNI_NETNS",
                        "/proc/self/ns/none",
                        "CNI_PATH",
                        "/usr/lib/cni"));
        Process process = builder.start();
        process.getOutputStream().write(conf.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Answer(process.waitFor(), output);
    }

    private String referenceAdd(String containerId) throws IOException, InterruptedException {
        Answer answer = reference("ADD", containerId);
        assertEquals(0, answer.status(), answer.output());
        JsonNode result = new ObjectMapper().readTree(answer.output());
        return result.path("ips").path(0).path("address").asText();
    }

    private String ourAdd(String containerId) throws Exception {
        IpamConfig config =
                new IpamConfigReader("/nonexistent", "/nonexistent").read(new ObjectMapper().readTree(conf), "");
        return ours.allocate(config, new Attachment(containerId, "eth0"))
                .getFirst()
                .address()
                .toString();
    }

    private Set<String> leases() throws IOException {
        try (Stream<Path> files = Files.list(dataDir.resolve("net"))) {
            Set<String> names = new HashSet<>();
            files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("10."))
                    .forEach(names::add);
            return names;
        }
    }

    @Test
    void bothTakeTurnsAndEachReleasesTheOthersLeases() throws Exception {
        assertEquals("10.1.2.2/24", referenceAdd("a"));
        assertEquals("10.1.2.3/24", ourAdd("b"));
        assertEquals("10.1.2.4/24", referenceAdd("c"));
        assertEquals("10.1.2.5/24", ourAdd("d"));
        assertEquals(0, reference("CHECK", "b").status());
        ours.check(new Attachment("a", "eth0"), List.of());
        assertThrows(IpamException.class, () -> ourAdd("c"));
        assertFalse(reference("ADD", "d").status() == 0);
        ours.release(new Attachment("a", "eth0"));
        assertEquals(0, reference("DEL", "b").status());
        assertEquals(Set.of("10.1.2.4", "10.1.2.5"), leases());
        assertThrows(IpamException.class, () -> ours.check(new Attachment("b", "eth0"), List.of()));
        assertEquals("10.1.2.6/24", ourAdd("b"));
    }

    @Test
    void neverLeaseTheSameAddressAtTheSameTime() throws Exception {
        try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
            List<Callable<String>> calls = IntStream.range(0, 60)
                    .mapToObj(i -> (Callable<String>) () -> i % 2 == 0 ? referenceAdd("r" + i) : ourAdd("o" + i))
                    .toList();
            Set<String> addresses = new HashSet<>();
            for (Future<String> call : pool.invokeAll(calls)) {
                assertTrue(addresses.add(call.get()), call.get() + " was leased twice");
            }
            assertEquals(60, leases().size());
            List<Callable<Integer>> releases = IntStream.range(0, 60)
                    .mapToObj(i -> (Callable<Integer>) () -> {
                        String id = (i % 2 == 0 ? "r" : "o") + i;
                        if (i % 3 == 0) {
                            return reference("DEL", id).status();
                        }
                        ours.release(new Attachment(id, "eth0"));
                        return 0;
                    })
                    .toList();
            for (Future<Integer> call : pool.invokeAll(releases)) {
                assertEquals(0, call.get());
            }
            assertEquals(Set.of(), leases());
        }
    }

    private Map<String, String> folder(Path dataDir) throws IOException {
        Map<String, String> folder = new TreeMap<>();
        try (Stream<Path> files = Files.walk(dataDir.resolve("net"))) {
            for (Path file : files.toList()) {
                String content = Files.isDirectory(file) ? "" : Files.readString(file);
                // older releases let everybody read leases, newer ones nobody, as do we; nor does anybody open our lock
                String mode = Files.isDirectory(file)
                        ? PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
                        : "";
                folder.put(dataDir.relativize(file).toString(), mode + " " + content);
            }
        }
        return folder;
    }

    @Test
    void leaveTheSameBytes(@TempDir Path referencesDataDir) throws Exception {
        for (String subnet : List.of("10.1.2.0/24", "fd00:1::/64")) {
            conf = conf.replace("10.1.2.0/24", subnet);
            ourAdd("a");
            ourAdd("b");
            ours.release(new Attachment("a", "eth0"));
            conf = conf.replace(dataDir.toString(), referencesDataDir.toString());
            referenceAdd("a");
            referenceAdd("b");
            assertEquals(0, reference("DEL", "a").status());
            conf = conf.replace(referencesDataDir.toString(), dataDir.toString());
        }
        assertEquals(folder(referencesDataDir), folder(dataDir));
    }

    @Test
    void aLeaseInTheOldFormatIsGoneForBoth() throws Exception {
        Files.createDirectories(dataDir.resolve("net"));
        Files.writeString(dataDir.resolve("net/10.1.2.77"), "old");
        assertEquals(0, reference("CHECK", "old").status());
        ours.check(new Attachment("old", "eth0"), List.of());
        ours.release(new Attachment("old", "eth0"));
        assertFalse(reference("CHECK", "old").status() == 0);
    }

    /** The lock's waiters are listed by the kernel, so the reference plugin is seen to wait for ours. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void waitForTheSameLock() throws Exception {
        ourAdd("a");
        Path lock = dataDir.resolve("net/lock");
        String inode = ":" + Files.getAttribute(lock, "unix:ino") + " ";
        try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
            Future<String> waiting;
            try (FileLock held = FileLock.acquire(lock.toString())) {
                waiting = pool.submit(() -> referenceAdd("b"));
                while (Files.readAllLines(Path.of("/proc/locks")).stream()
                        .noneMatch(line -> line.contains("->") && line.contains(inode))) {
                    assertFalse(waiting.isDone(), "the reference plugin took no notice of the lock");
                    Thread.onSpinWait();
                }
                assertEquals(Set.of("10.1.2.2"), leases());
                assertNotNull(held);
            }
            assertEquals("10.1.2.3/24", waiting.get());
        }
    }
}
