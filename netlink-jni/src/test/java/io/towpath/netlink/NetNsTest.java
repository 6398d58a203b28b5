package io.towpath.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetNsTest {
    @Test
    void ownNamespaceIsItself() throws Exception {
        try (NetNs one = NetNs.current();
                NetNs two = NetNs.open("/proc/self/ns/net")) {
            assertTrue(one.isSame(two));
        }
    }

    @Test
    void tellsMissingFile() {
        NetlinkException missing = assertThrows(NetlinkException.class, () -> NetNs.open("/run/netns/nosuch"));
        assertEquals(
                "open network namespace /run/netns/nosuch: ENOENT No such file or directory", missing.getMessage());
    }

    @Test
    void refusesWhatIsNoNetworkNamespace(@TempDir Path folder) throws IOException {
        Path plain = Files.createFile(folder.resolve("plain"));
        for (String path : new String[] {plain.toString(), folder.toString(), "/proc/self/ns/uts", "/dev/null"}) {
            NetlinkException refused = assertThrows(NetlinkException.class, () -> NetNs.open(path));
            assertTrue(refused.is(Errno.EINVAL), refused.getMessage());
            assertTrue(refused.getMessage().endsWith("(the file is not a network namespace)"), refused.getMessage());
        }
    }

    @Test
    void refusesSysctlElsewhere() throws Exception {
        try (NetNs own = NetNs.current()) {
            for (String key : new String[] {"../kernel/hostname", "/net/core/somaxconn", "net/\0"}) {
                NetlinkException refused = assertThrows(NetlinkException.class, () -> own.readSysctl(key));
                assertTrue(refused.is(Errno.EINVAL), refused.getMessage());
            }
        }
    }

    @Test
    void closesOnce() throws Exception {
        NetNs own = NetNs.current();
        own.close();
        own.close();
        assertThrows(IllegalStateException.class, own::fd);
        assertFalse(own.toString().isEmpty());
    }
}
