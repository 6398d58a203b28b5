package io.towpath.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import org.junit.jupiter.api.Test;

/** The real kernel, as far as it answers everybody. */
class NetlinkSocketTest {
    @Test
    void everybodyMayList() throws Exception {
        try (Rtnl rtnl = Rtnl.open()) {
            Link loopback = rtnl.link("lo");
            assertTrue(rtnl.links().contains(loopback));
            assertEquals(loopback, rtnl.link(1));
        }
    }

    @Test
    void socketsHavePortIdsOfTheirOwn() throws Exception {
        try (NetlinkSocket one = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE, null);
                NetlinkSocket two = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE, null)) {
            assertNotEquals(0, one.portId());
            assertNotEquals(one.portId(), two.portId());
            one.setBuffers(1 << 20, 1 << 20);
        }
    }

    @Test
    void unknownProtocolIsRefused() {
        NetlinkException refused = assertThrows(NetlinkException.class, () -> NetlinkSocket.open(31, null));
        assertTrue(refused.is(Errno.EPROTONOSUPPORT), refused.getMessage());
    }

    @Test
    void closedSocketIsNoneOfAnybodyElses() throws Exception {
        Rtnl rtnl = Rtnl.open();
        rtnl.close();
        rtnl.close();
        NetlinkException closed = assertThrows(NetlinkException.class, rtnl::links);
        assertTrue(closed.is(Errno.EBADF), closed.getMessage());
    }
}
