package io.towpath.cni.sources;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.LinkSetup;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.NeedsRoot;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.TestNamespace;
import io.towpath.cni.wiring.WholeLink;
import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two pods' links on the real kernel, with {@code nft} as the witness and the breaker. */
@NeedsRoot
class SourceKeeperKernelTest {
    private static final String LINK = EndpointName.hostName("default", "one", "c1", "eth0");
    private static final String OTHER = EndpointName.hostName("default", "two", "c2", "eth0");

    private final TestNamespace node = new TestNamespace();
    private final TestNamespace one = new TestNamespace();
    private final TestNamespace two = new TestNamespace();
    private final LinuxNamespaces namespaces = new LinuxNamespaces(node.open());
    private final SourceKeeper keeper = new SourceKeeper(namespaces);

    SourceKeeperKernelTest() throws IOException {}

    @BeforeEach
    void connect() throws Exception {
        connect(one, "c1", "one", "10.244.1.5", "fd00:244:1::5");
        connect(two, "c2", "two", "10.244.1.6");
    }

    private void connect(TestNamespace target, String container, String name, String... addresses) throws IOException {
        List<IpAddress> all = new ArrayList<>();
        for (String address : addresses) {
            all.add(IpAddress.parse(address));
        }
        Endpoint endpoint = new Endpoint(
                EndpointName.hostName("default", name, container, "eth0"),
                "eth0",
                OwnerMark.of("net", container, "eth0"),
                // Not one that is made of the container's ID.
                MacAddress.parse("02:00:00:00:00:" + container.replace('c', '1')),
                1450,
                all,
                List.of(),
                false);
        try (Namespaces.Pod opened = namespaces.pod(target.path())) {
            WholeLink.connect(namespaces, new LinkSetup(namespaces, _ -> false, _ -> {}), opened, endpoint);
        }
    }

    @AfterEach
    void remove() throws Exception {
        namespaces.close();
        one.close();
        two.close();
        node.close();
    }

    private String list() throws IOException {
        String text = node.execute("nft", "-s", "list", "ruleset");
        // In whatever order.
        return String.join(
                "\n",
                List.of(text.split("\n\t}\n")).stream()
                        .map(part -> part.replace("table netdev towpath-sources {\n", "")
                                .replace("}", "")
                                .strip())
                        .filter(part -> !part.isEmpty())
                        .sorted()
                        .toList());
    }

    private int mend() throws IOException {
        keeper.doubt();
        return keeper.mend();
    }

    /** Of a keeper that has seen it whole, and of one that comes after the damage, as with an upgrade. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "2 delete table netdev towpath-sources",
                "2 flush ruleset",
                "2 add table netdev towpath-sources { flags dormant; }",
                "2 flush table netdev towpath-sources",
                "1 flush chain netdev towpath-sources LINK",
                "1 delete chain netdev towpath-sources LINK",
                "1 delete chain netdev towpath-sources LINK; add chain netdev towpath-sources LINK",
                "1 chain netdev towpath-sources LINK { policy accept; }",
                "1 insert rule netdev towpath-sources LINK accept",
                "1 insert rule netdev towpath-sources LINK ip saddr 10.0.0.1 accept",
                "0 add chain netdev towpath-sources more",
            })
    void whatOthersDamageIsPutRight(String damage) throws Exception {
        String whole = list();
        for (boolean isKnown : new boolean[] {true, false}) {
            if (isKnown) {
                assertEquals(0, mend());
            }
            node.execute("nft", damage.substring(2).replace("LINK", LINK));
            assertNotEquals(whole, list());
            SourceKeeper mending = isKnown ? keeper : new SourceKeeper(namespaces);
            int lacking = Integer.parseInt(damage.substring(0, 1));
            assertEquals(lacking, SourceKeeper.unchecked(namespaces).size());
            mending.doubt();
            assertEquals(lacking, mending.mend());
            assertEquals(whole, list());
            assertEquals(List.of(), SourceKeeper.unchecked(namespaces));
            assertEquals(0, mending.mend(), "nothing is due");
        }
    }

    /** A chain that another one leads to cannot be deleted; that one goes, as no link has its name. */
    @Test
    void whatFailedIsTriedAgainThoughNobodyTellsOfIt() throws Exception {
        for (String command :
                List.of("delete chain LINK", "add chain LINK", "add chain more", "add rule more jump LINK")) {
            String words = command.replaceFirst("(chain|rule) ", "$1 netdev towpath-sources ");
            node.execute("nft", words.replace("LINK", LINK));
        }
        keeper.doubt();
        assertThrows(NetlinkException.class, keeper::mend);
        assertEquals(1, keeper.mend());
        assertEquals(List.of(), SourceKeeper.unchecked(namespaces));
    }

    @Test
    void whatStandsIsNotWritten() throws Exception {
        int generation = namespaces.nft().generation();
        assertEquals(0, mend());
        assertEquals(generation, namespaces.nft().generation());
    }

    @Test
    void whatIsLeftOfLinksThatAreGoneGoes() throws Exception {
        two.ip("link", "delete", "eth0");
        mend();
        assertTrue(!list().contains(OTHER) && list().contains(LINK), list());
    }

    /** As Calico makes them. */
    @Test
    void anotherPodsLinkOfTheSameNameIsCheckedByItsOwnAddress() throws Exception {
        two.ip("link", "delete", "eth0");
        two.ip("link", "add", "eth0", "type", "veth", "peer", "name", "moving");
        two.ip("link", "set", "moving", "netns", node.path().replaceFirst(".*/", ""), "name", OTHER);
        node.ip("link", "set", OTHER, "up");
        node.ip("route", "add", "10.244.1.77", "dev", OTHER);
        assertEquals(List.of(OTHER), SourceKeeper.unchecked(namespaces));
        assertEquals(1, mend());
        String chain = node.execute("nft", "list", "chain", "netdev", "towpath-sources", OTHER);
        assertTrue(chain.contains("ip saddr 10.244.1.77 accept") && !chain.contains("10.244.1.6"), chain);
    }

    /** An ADD is under way, or somebody deleted the routes: the chain knows. */
    @Test
    void routesThatAreNotThereTakeNothingAway() throws Exception {
        String whole = list();
        node.ip("-6", "route", "delete", "fd00:244:1::5", "dev", LINK);
        assertEquals(0, mend());
        node.ip("route", "delete", "10.244.1.5", "dev", LINK);
        assertEquals(0, mend());
        assertEquals(whole, list());
        node.execute("nft", "flush", "chain", "netdev", "towpath-sources", LINK);
        assertEquals(1, mend());
        assertEquals(whole, list());
    }

    @Test
    void eventsTellWhenALookIsDue() throws Exception {
        mend();
        boolean[] due = new boolean[2];
        try (Monitor monitor = new Monitor();
                NetNs netNs = node.open()) {
            NftEvent.subscribe(monitor, netNs, event -> {
                boolean isOthers = event.table().name().equals("others");
                due[isOthers ? 1 : 0] |= keeper.concerns(event);
            });
            RtnlEvent.subscribe(monitor, netNs, event -> {
                // A link that has just been made is told of again when the kernel finds the time.
                if (event.linkName().equals("others")) {
                    due[1] |= keeper.concerns(event);
                } else if (event.gone()) {
                    due[0] |= keeper.concerns(event);
                }
            });
            node.execute("nft", "add table inet others");
            node.ip("link", "add", "others", "type", "bridge");
            monitor.await(1000);
            assertFalse(due[1]);
            node.execute("nft", "flush", "chain", "netdev", "towpath-sources", LINK);
            awaitDue(monitor, due);
            assertEquals(1, mend());
            monitor.await(10_000);
            mend();
            due[0] = false;
            two.ip("link", "delete", "eth0");
            awaitDue(monitor, due);
        }
    }

    private static void awaitDue(Monitor monitor, boolean[] due) throws IOException {
        for (int i = 0; i < 100 && !due[0]; i++) {
            monitor.await(1000);
        }
        assertTrue(due[0]);
    }
}
