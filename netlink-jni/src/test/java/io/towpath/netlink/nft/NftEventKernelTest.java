package io.towpath.netlink.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.netlink.Monitor;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.NftEvent.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NeedsRoot
@Timeout(60)
class NftEventKernelTest {
    private static final Table TABLE = Table.inet("t");

    private final TestNamespace node = new TestNamespace();
    private final Monitor monitor = new Monitor();
    private final List<NftEvent> events = new ArrayList<>();

    NftEventKernelTest() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            NftEvent.subscribe(monitor, netNs, events::add);
        }
    }

    @AfterEach
    void close() {
        monitor.close();
        node.close();
    }

    /** What nft's change is told as, up to its generation. */
    private List<NftEvent> after(String change) throws NetlinkException {
        events.clear();
        node.execute("nft", change);
        while (events.stream().noneMatch(event -> event.kind() == Kind.GENERATION)) {
            assertTrue(monitor.await(10_000), events::toString);
        }
        int port = events.getFirst().port();
        assertTrue(port != 0 && events.stream().allMatch(event -> event.port() == port), events::toString);
        return events.stream()
                .map(each -> new NftEvent(each.kind(), each.gone(), each.table(), each.generation(), 0))
                .toList();
    }

    @Test
    void everyKindOfChangeIsTold() throws Exception {
        List<NftEvent> added = after("""
                table inet t {
                  counter n { }
                  set s { type ipv4_addr; elements = { 10.0.0.1 } }
                  chain c { type filter hook input priority 0; ip saddr @s accept; }
                }
                """);
        for (Kind kind : List.of(Kind.TABLE, Kind.CHAIN, Kind.SET, Kind.ELEMENTS, Kind.RULE, Kind.OBJECT)) {
            assertTrue(added.contains(new NftEvent(kind, false, TABLE, 0, 0)), () -> kind + " in " + added);
        }
        NftEvent generation = added.get(added.size() - 1);
        assertEquals(Kind.GENERATION, generation.kind());
        assertTrue(generation.generation() > 0, generation::toString);
        assertTrue(after("flush chain inet t c").contains(new NftEvent(Kind.RULE, true, TABLE, 0, 0)));
        assertTrue(
                after("delete element inet t s { 10.0.0.1 }").contains(new NftEvent(Kind.ELEMENTS, true, TABLE, 0, 0)));
        assertTrue(after("delete table inet t").contains(new NftEvent(Kind.TABLE, true, TABLE, 0, 0)));
    }
}
