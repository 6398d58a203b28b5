package io.towpath.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetNs.Sysctl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

@NeedsRoot
class NetNsKernelTest {
    @Test
    void knowsNamespaceByIdentityNotByPath() throws Exception {
        try (TestNamespace pod = new TestNamespace();
                NetNs one = pod.open();
                NetNs two = pod.open();
                NetNs own = NetNs.current()) {
            assertTrue(one.isSame(two));
            assertFalse(one.isSame(own));
            assertTrue(own.isSame(NetNs.own()));
            assertFalse(NetNs.own().isSame(one));
            pod.inside(() -> assertTrue(NetNs.own().isSame(one)));
        }
    }

    /** It must not pass for the own namespace then. */
    @Test
    void aClosedNamespaceIsNotUsed() throws Exception {
        try (TestNamespace pod = new TestNamespace()) {
            NetNs closed = pod.open();
            closed.close();
            closed.close();
            assertThrows(IllegalStateException.class, () -> closed.writeSysctl("net/ipv4/ip_forward", "1"));
            assertThrows(IllegalStateException.class, () -> NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE, closed));
        }
    }

    @Test
    void theOwnNamespaceTakesSettings() throws Exception {
        try (TestNamespace pod = new TestNamespace()) {
            pod.inside(() -> NetNs.own().writeSysctl("net/ipv4/conf/default/arp_announce", "2"));
            assertEquals("2", pod.execute("cat", "/proc/sys/net/ipv4/conf/default/arp_announce"));
        }
    }

    @Test
    void writesSysctlsInsideAndComesBack() throws Exception {
        Path self = Path.of("/proc/thread-self/ns/net");
        Path before = Files.readSymbolicLink(self);
        String outside = Files.readString(Path.of("/proc/sys/net/ipv4/conf/default/arp_announce"));
        try (TestNamespace pod = new TestNamespace();
                NetNs inside = pod.open()) {
            inside.writeSysctls(List.of(
                    new Sysctl("net/ipv4/conf/default/arp_announce", "2"),
                    new Sysctl("net/ipv6/conf/default/accept_dad", "0")));
            assertEquals("2", pod.execute("cat", "/proc/sys/net/ipv4/conf/default/arp_announce"));
            assertEquals("0", inside.readSysctl("net/ipv6/conf/default/accept_dad"));
        }
        assertEquals(before, Files.readSymbolicLink(self));
        assertEquals(outside, Files.readString(Path.of("/proc/sys/net/ipv4/conf/default/arp_announce")));
    }

    @Test
    void tellsWhichSysctlFailed() throws Exception {
        try (TestNamespace pod = new TestNamespace();
                NetNs inside = pod.open()) {
            NetlinkException failed = assertThrows(
                    NetlinkException.class,
                    () -> inside.writeSysctls(List.of(
                            new Sysctl("net/ipv4/ip_forward", "1"), new Sysctl("net/ipv4/conf/eth0/forwarding", "1"))));
            assertEquals(
                    "write sysctl net/ipv4/conf/eth0/forwarding = 1: ENOENT No such file or directory",
                    failed.getMessage());
            assertEquals("1", inside.readSysctl("net/ipv4/ip_forward"));
            NetlinkException invalid =
                    assertThrows(NetlinkException.class, () -> inside.writeSysctl("net/ipv4/ip_forward", "maybe"));
            assertTrue(invalid.is(Errno.EINVAL), invalid.getMessage());
        }
    }
}
