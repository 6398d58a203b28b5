package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.wiring.PodLinkKeeper.Holding;
import io.towpath.cni.wiring.PodLinkKeeper.Repair;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.netlink.rtnl.RtnlEvent.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a keeper puts back, told of it in the order in which a test has it told. */
@NeedsRoot
class PodLinkKeeperKernelTest extends LinkScene {
    private static final String ADDRESS = "10.244.1.5";

    private final Endpoint web = endpoint("c1", "web", ADDRESS);

    private int index() throws NetlinkException {
        return Objects.requireNonNull(namespaces.host().link(web.hostName())).index();
    }

    private void tell(PodLinkKeeper keeper, Kind kind, boolean gone) throws NetlinkException {
        assertTrue(keeper.concerns(new RtnlEvent(kind, gone, index(), kind == Kind.LINK ? web.hostName() : "")));
    }

    private void deleteRoute() throws IOException {
        node.ip("route", "del", ADDRESS);
    }

    private List<Repair> mend(PodLinkKeeper keeper) throws IOException {
        return keeper.mend(namespaces.host()).repairs();
    }

    /** Its lease may be a moment old, as its ADD is under way. */
    @Test
    void aRouteThatGoesBeforeItsLinkWasLookedAtComesBack() throws Exception {
        Map<IpAddress, Holding> held =
                Map.of(IpAddress.parse(ADDRESS), new Holding(OwnerMark.of("net", "c1", "eth0"), Duration.ZERO));
        PodLinkKeeper keeper = new PodLinkKeeper(() -> held);
        assertEquals(List.of(), mend(keeper));
        connect(pod, web);
        tell(keeper, Kind.LINK, false);
        deleteRoute();
        tell(keeper, Kind.ROUTE, true);
        assertEquals(List.of(new Repair(web.hostName(), "route")), mend(keeper));
        assertEquals(List.of(), mend(keeper));
    }

    /** Without leases to ask for, what a link had is all that is known: but not of who has its number now. */
    @Test
    void whatALinkOfTheSameNumberHadIsNotPutBack() throws Exception {
        PodLinkKeeper keeper = new PodLinkKeeper(() -> null);
        connect(pod, web);
        assertEquals(List.of(), mend(keeper));
        deleteRoute();
        tell(keeper, Kind.ROUTE, true);
        assertEquals(List.of(new Repair(web.hostName(), "route")), mend(keeper));
        node.ip("link", "set", web.hostName(), "alias", "towpath/net/c2/eth0");
        deleteRoute();
        tell(keeper, Kind.ROUTE, true);
        assertEquals(List.of(), mend(keeper));
    }
}
