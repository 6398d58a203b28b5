package io.towpath.agent.attachments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.Lease;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.fake.FakeKernel;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Leases on a real disk, links and routes of a kernel in memory. */
class AttachmentsTest {
    private static final String NETWORK = "net";
    private static final IpAddress FIRST = IpAddress.parse("10.1.2.2");
    private static final IpAddress OTHER = IpAddress.parse("10.1.2.77");

    @TempDir
    private Path folder = Path.of("");

    private final FakeKernel kernel = new FakeKernel();
    private final Rtnl rtnl = kernel.namespace("node").open();
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    private final Set<OwnerMark> ports = new HashSet<>();
    private final List<IpAddress> leasedWhenClosed = new ArrayList<>();
    private @Nullable Attachments attachments;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("conflist"), """
                {"cniVersion": "1.0.0", "name": "net", "plugins": [
                  {"type": "towpath", "ipam": {"type": "host-local", "subnet": "usePodCidr", "dataDir": "%s"}},
                  {"type": "tuning"}]}""".formatted(folder.resolve("leases")));
        Files.writeString(folder.resolve("node.json"), """
                {"slices": ["10.1.2.0/24"], "mtu": 1450}""");
        Log log = new Log(
                new PrintStream(lines, true, StandardCharsets.UTF_8),
                Log.Form.TEXT,
                Log.Level.DEBUG,
                Clock.systemUTC());
        attachments = new Attachments(
                new Attachments.Files(
                        folder.resolve("conflist").toString(),
                        folder.resolve("node.json").toString(),
                        folder.resolve("subnet.env").toString()),
                rtnl,
                new Ports(),
                log,
                Clock.systemUTC());
    }

    /** Whom the node's ports lead to. */
    private final class Ports implements Attachments.Ports {
        @Override
        public Set<OwnerMark> owners() {
            return Set.copyOf(ports);
        }

        @Override
        public void close(OwnerMark mark) throws IOException {
            if (ports.remove(mark)) {
                try {
                    leasedWhenClosed.addAll(leased());
                } catch (IpamException e) {
                    throw new IOException(e.message(), e);
                }
            }
        }
    }

    private boolean look() throws IOException {
        return Objects.requireNonNull(attachments).look();
    }

    private HostLocal leases() {
        return HostLocal.of(folder.resolve("leases").toString(), NETWORK);
    }

    private IpAddress lease(String container) throws Exception {
        CniConf conf =
                Objects.requireNonNull(CniConf.read(folder.resolve("conflist").toString()));
        IpamConfig config = new IpamConfigReader(folder.resolve("node.json").toString(), "").read(conf.tree(), "");
        return leases().allocate(config, new Attachment(container, "eth0"))
                .getFirst()
                .address()
                .address();
    }

    private static String name(String container) {
        return EndpointName.hostName("", "", container, "eth0");
    }

    /** A pod's link, without a route. */
    private Link link(String container) throws Exception {
        Link link = bare(container);
        rtnl.apply(new Batch()
                .setLink(LinkChange.of(link.index())
                        .withAlias(OwnerMark.of(NETWORK, container, "eth0").alias()))
                .setLink(LinkChange.of(link.index()).withUp(true)));
        return link;
    }

    private Link bare(String container) throws Exception {
        return rtnl.create(new LinkSpec.VethPair(
                name(container),
                null,
                1450,
                "eth0",
                null,
                kernel.namespace(container).fd()));
    }

    private void route(Link link, IpAddress address) throws Exception {
        rtnl.apply(new Batch().addRoute(Route.direct(IpPrefix.host(address), link.index())));
    }

    private List<IpAddress> leased() throws IOException, IpamException {
        return leases().list().stream().map(Lease::address).toList();
    }

    @Test
    void whatFitsIsLeftAlone() throws Exception {
        route(link("pod"), lease("pod"));
        kernel.forgetRequests();
        for (int i = 0; i < 3; i++) {
            assertFalse(look());
        }
        assertEquals(List.of(), kernel.writes());
        assertEquals(List.of(FIRST), leased());
    }

    @Test
    void withoutAConflistTheNextLookIsSoon() throws Exception {
        Files.delete(folder.resolve("conflist"));
        assertTrue(look());
        assertNull(Objects.requireNonNull(attachments).cleared(null).last());
        write();
        assertFalse(look());
        assertNotNull(Objects.requireNonNull(attachments).cleared(null).last());
    }

    @Test
    void anOrphanedLeaseIsGivenBackAfterASecondLook() throws Exception {
        lease("gone");
        assertTrue(look());
        assertEquals(List.of(FIRST), leased());
        assertFalse(look());
        assertEquals(List.of(), leased());
        assertEquals(1, Objects.requireNonNull(attachments).cleared(null).leases());
    }

    /** Else they would lead to the pod that has the address next. */
    @Test
    void portsOfAnOrphanedLeaseGoBeforeIt() throws Exception {
        lease("gone");
        ports.add(OwnerMark.of(NETWORK, "gone", "eth0"));
        look();
        look();
        assertEquals(Set.of(), ports);
        assertEquals(List.of(FIRST), leasedWhenClosed);
        assertEquals(List.of(), leased());
    }

    @Test
    void portsThatLeadToNobodyAreRemovedAfterASecondLook() throws Exception {
        route(link("pod"), lease("pod"));
        lease("slow");
        Set<OwnerMark> kept = Set.of(
                OwnerMark.of(NETWORK, "pod", "eth0"),
                OwnerMark.of(NETWORK, "slow", "eth0"),
                OwnerMark.of("another", "gone", "eth0"));
        ports.addAll(kept);
        ports.add(OwnerMark.of(NETWORK, "gone", "eth0"));
        assertTrue(look());
        assertEquals(4, ports.size());
        link("slow");
        look();
        assertEquals(kept, ports);
    }

    @Test
    void aLeaseOfAnAddUnderWayIsKept() throws Exception {
        IpAddress address = lease("slow");
        assertTrue(look());
        route(link("slow"), address);
        assertFalse(look());
        assertFalse(look());
        assertEquals(List.of(FIRST), leased());
    }

    @Test
    void aLeaseWhoseAddressOthersLeadToIsKept() throws Exception {
        IpAddress address = lease("calicos");
        Link link = bare("calicos");
        rtnl.apply(new Batch().setLink(LinkChange.of(link.index()).withUp(true)));
        route(link, address);
        assertFalse(look());
        assertEquals(List.of(FIRST), leased());
    }

    @Test
    void aHalfMadeLinkIsRemoved() throws Exception {
        bare("killed");
        assertTrue(look());
        assertNotNull(rtnl.link(name("killed")));
        assertFalse(look());
        assertNull(rtnl.link(name("killed")));
        assertEquals(1, Objects.requireNonNull(attachments).cleared(null).links());
    }

    @Test
    void aLiveLinkGetsItsLostLeaseBack() throws Exception {
        route(link("pod"), OTHER);
        assertTrue(look());
        assertFalse(look());
        assertEquals(new Attachment("pod", "eth0"), leases().list().getFirst().attachment());
        assertEquals(List.of(OTHER), leased());
        assertNotNull(rtnl.link(name("pod")));
    }

    @Test
    void aLeaseThatIsLostInOneFamilyIsTakenAgainAndItsRouteStays() throws Exception {
        Files.writeString(folder.resolve("node.json"), """
                {"slices": ["10.1.2.0/24", "fd00:1:2::/64"], "mtu": 1450}""");
        Link link = link("pod");
        lease("pod");
        List<IpAddress> both = leased();
        for (IpAddress address : both) {
            route(link, address);
        }
        Files.delete(folder.resolve("leases/net").resolve(FIRST.toString()));
        assertEquals(
                List.of("no lease of [" + FIRST + "], which leads to " + link.name()),
                Attachments.lost(
                        Objects.requireNonNull(
                                CniConf.read(folder.resolve("conflist").toString())),
                        rtnl));
        assertTrue(look());
        assertFalse(look());
        assertEquals(Set.copyOf(both), Set.copyOf(leased()));
        assertEquals(2, rtnl.routes().size());
    }

    @Test
    void aLostRouteIsAddedAndAStrayOneRemoved() throws Exception {
        Link link = link("pod");
        IpAddress address = lease("pod");
        route(link, OTHER);
        assertTrue(look());
        assertFalse(look());
        assertEquals(
                List.of(IpPrefix.host(address)),
                rtnl.routes().stream().map(Route::destination).toList());
        assertEquals(1, Objects.requireNonNull(attachments).cleared(null).routes());
    }

    @Test
    void linksOfOtherNetworksAndLeasesOfNoneAreLeftAlone() throws Exception {
        Link link = bare("other");
        rtnl.apply(new Batch()
                .setLink(LinkChange.of(link.index())
                        .withAlias(OwnerMark.of("another", "other", "eth0").alias())));
        route(link("x"), lease("x"));
        kernel.forgetRequests();
        assertFalse(look());
        assertFalse(look());
        assertEquals(List.of(), kernel.writes());
    }

    @Test
    void fillsTellTheRangesAndNothingBeforeThereIsASlice() throws Exception {
        lease("pod");
        assertEquals(1, Objects.requireNonNull(attachments).fills().getFirst().taken());
        Files.delete(folder.resolve("node.json"));
        assertEquals(List.of(), Objects.requireNonNull(attachments).fills());
        Files.delete(folder.resolve("conflist"));
        assertEquals(List.of(), Objects.requireNonNull(attachments).fills());
    }
}
