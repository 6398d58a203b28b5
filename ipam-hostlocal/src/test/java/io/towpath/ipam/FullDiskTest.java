package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real file system that is really full, mounted where only the process that fills it sees it. */
@Tag("root")
class FullDiskTest {
    private static final String MOUNT_AND_RUN = "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && shift 2 && exec \"$@\"";

    @TempDir
    Path dir;

    /** Without space for a page, and without a free inode. */
    @ParameterizedTest
    @ValueSource(strings = {"size=64k", "size=4m,nr_inodes=24"})
    void costsNoLeaseAndKeepsNobodyFromGivingBack(String limits) throws Exception {
        assumeTrue(
                Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")),
                "mounting a file system takes root");
        List<String> command =
                new ArrayList<>(List.of("unshare", "-m", "sh", "-c", MOUNT_AND_RUN, "sh", limits, dir.toString()));
        command.addAll(LeaseWorker.command(FullDiskTest.class, dir.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertEquals("done\n", output);
    }

    /** Fills the folder that is its argument. */
    @SuppressWarnings("SystemOut") // the parent reads it
    public static void main(String[] args) throws Exception {
        Store store = new Store(Path.of(args[0]));
        IpamConfig config = Store.ipam("{'ranges':[[{'subnet':'10.1.0.0/16'}],[{'subnet':'fd00::/64'}]]}");
        HostLocal hostLocal = HostLocal.of(args[0], Store.NETWORK);
        int count = 0;
        while (add(hostLocal, config, "c" + count)) {
            count++;
        }
        require(count > 0, "no lease at all");
        requireWhole(store, count);
        require(!add(hostLocal, config, "another"), "a lease without space");
        requireWhole(store, count);
        hostLocal.status(config);
        hostLocal.check(Store.eth0("c0"), List.of());
        for (int i = 0; i < count; i++) {
            hostLocal.release(Store.eth0("c" + i));
        }
        requireWhole(store, 0);
        require(add(hostLocal, config, "again"), "no lease though there is space");
        hostLocal.check(Store.eth0("again"), List.of());
        System.out.println("done");
    }

    private static boolean add(HostLocal hostLocal, IpamConfig config, String containerId) throws Exception {
        try {
            hostLocal.allocate(config, Store.eth0(containerId));
            return true;
        } catch (LinuxException e) {
            require(e.is(Errno.ENOSPC), e.getMessage());
            return false;
        }
    }

    private static void requireWhole(Store store, int attachments) throws IOException {
        require(store.leases().size() == 2 * attachments, attachments + " with " + store.leases());
        for (String content : store.leases().values()) {
            require(content.endsWith("\r\neth0"), "torn: " + content);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
