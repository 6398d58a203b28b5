package io.towpath.netlink.ipset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NeedsRoot
class IpSetsKernelTest {
    private final TestNamespace node = new TestNamespace();
    private final IpSets sets;

    IpSetsKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            sets = IpSets.open(netNs);
        }
    }

    @AfterEach
    void close() {
        sets.close();
        node.close();
    }

    @Test
    void setsAreListedAndDestroyed() throws Exception {
        assertEquals(List.of(), sets.names());
        for (int i = 0; i < 300; i++) {
            node.execute("ipset", "create", "cali40s:" + i, "hash:ip");
        }
        node.execute("ipset", "create", "others", "hash:net", "family", "inet6");
        node.execute("ipset", "add", "others", "fd00::/64");
        assertEquals(301, Set.copyOf(sets.names()).size());
        for (String name : sets.names()) {
            assertTrue(name.equals("others") || sets.destroy(name));
        }
        assertEquals("others", node.execute("ipset", "list", "-name"));
    }

    @Test
    void aSetThatIsInUseStays() throws Exception {
        node.execute("ipset", "create", "used", "hash:ip");
        node.execute("ipset", "create", "list", "list:set");
        node.execute("ipset", "add", "list", "used");
        assertFalse(sets.destroy("used"));
        assertTrue(sets.destroy("list"));
        assertTrue(sets.destroy("used"));
        assertEquals(List.of(), sets.names());
    }
}
