package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.rtnl.RtnlEvent.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NeedsRoot
@Timeout(60)
class RtnlEventKernelTest {
    private final TestNamespace node = new TestNamespace();
    private final NetNs netNs;
    private final Rtnl rtnl;
    private final Monitor monitor = new Monitor();
    private final List<RtnlEvent> events = new ArrayList<>();
    private final Link flannel;

    RtnlEventKernelTest() throws NetlinkException {
        netNs = node.open();
        rtnl = Rtnl.open(netNs);
        node.ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "nolearning");
        node.ip("address", "add", "10.244.1.0/32", "dev", "flannel.1");
        node.ip("link", "set", "flannel.1", "up");
        Link link = rtnl.link("flannel.1");
        assertTrue(link != null);
        flannel = link;
        RtnlEvent.subscribe(monitor, netNs, events::add);
    }

    @AfterEach
    void close() {
        monitor.close();
        rtnl.close();
        netNs.close();
        node.close();
    }

    /** Waits until the kernel has told it. */
    private void expect(Kind kind, boolean gone) throws NetlinkException {
        while (events.stream()
                .noneMatch(event ->
                        event.kind() == kind && event.gone() == gone && event.linkIndex() == flannel.index())) {
            assertTrue(monitor.await(10_000), () -> kind + " was not told among " + events);
        }
        events.clear();
    }

    @Test
    void everyKindOfChangeIsTold() throws Exception {
        node.ip("route", "add", "10.244.2.0/24", "via", "10.244.2.0", "dev", "flannel.1", "onlink");
        expect(Kind.ROUTE, false);
        node.ip("route", "del", "10.244.2.0/24");
        expect(Kind.ROUTE, true);
        node.ip("neigh", "add", "10.244.2.0", "lladdr", "02:00:00:00:00:02", "dev", "flannel.1");
        expect(Kind.NEIGHBOUR, false);
        node.ip("neigh", "del", "10.244.2.0", "dev", "flannel.1");
        expect(Kind.NEIGHBOUR, true);
        rtnl.apply(new Batch()
                .addFdb(FdbEntry.permanent(
                        flannel.index(), MacAddress.parse("02:00:00:00:00:02"), IpAddress.parse("192.168.0.2"))));
        expect(Kind.FDB, false);
        node.execute("bridge", "fdb", "del", "02:00:00:00:00:02", "dev", "flannel.1");
        expect(Kind.FDB, true);
        node.ip("address", "add", "fd00::1/128", "dev", "flannel.1");
        expect(Kind.GLOBAL_ADDRESS, false);
        node.ip("address", "del", "10.244.1.0/32", "dev", "flannel.1");
        expect(Kind.GLOBAL_ADDRESS, true);
        node.execute("sysctl", "-qw", "net.ipv4.conf.flannel/1.forwarding=0", "net.ipv4.conf.flannel/1.forwarding=1");
        expect(Kind.SETTING, false);
        node.ip("link", "set", "flannel.1", "mtu", "1400");
        expect(Kind.LINK, false);
        node.ip("link", "del", "flannel.1");
        expect(Kind.LINK, true);
    }

    @Test
    void linkIsToldWithItsName() throws Exception {
        RtnlEvent told = new RtnlEvent(Kind.LINK, false, flannel.index(), "flannel.1");
        node.ip("link", "set", "flannel.1", "down");
        while (!events.contains(told)) {
            assertTrue(monitor.await(10_000), events::toString);
        }
    }

    @Test
    void stormIsToldWhole() throws Exception {
        int routes = 1000;
        Batch batch = new Batch();
        List<Route> added = new ArrayList<>();
        for (int i = 0; i < routes; i++) {
            IpPrefix slice = IpPrefix.parse("10." + (100 + i / 256) + "." + i % 256 + ".0/24");
            Route route = Route.via(slice, slice.address(), flannel.index()).withOnlink();
            added.add(route);
            batch.addRoute(route);
        }
        rtnl.apply(batch);
        Batch removal = new Batch();
        added.forEach(removal::deleteRoute);
        rtnl.apply(removal);
        while (count(true) < routes) {
            assertTrue(monitor.await(10_000), () -> count(true) + " of " + routes);
        }
        assertEquals(routes, count(false));
    }

    private long count(boolean gone) {
        return events.stream()
                .filter(event -> event.kind() == Kind.ROUTE && event.gone() == gone)
                .count();
    }

    /** In a namespace where all is down: the kernel tells of a device that is up for seconds. */
    @Test
    void waitEndsWithoutNewsWhenItsTimeIsUp() throws Exception {
        try (TestNamespace still = new TestNamespace();
                NetNs stillNetNs = still.open();
                Monitor waiting = new Monitor()) {
            RtnlEvent.subscribe(waiting, stillNetNs, events::add);
            assertFalse(waiting.await(1));
        }
        assertEquals(List.of(), events);
    }

    @Test
    void anotherThreadEndsTheWait() throws Exception {
        try (TestNamespace still = new TestNamespace();
                NetNs stillNetNs = still.open();
                Monitor waiting = new Monitor()) {
            RtnlEvent.subscribe(waiting, stillNetNs, events::add);
            Thread other = Thread.ofPlatform().start(waiting::wake);
            assertTrue(waiting.await(-1));
            other.join();
            assertFalse(waiting.await(0));
        }
    }

    @Test
    void wakingAMonitorThatIsClosedDoesNothing() {
        monitor.close();
        monitor.wake();
    }
}
