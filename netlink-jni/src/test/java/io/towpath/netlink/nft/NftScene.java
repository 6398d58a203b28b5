package io.towpath.netlink.nft;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** A table that this library writes and nft shows, or the other way round. */
abstract class NftScene {
    static final Table TABLE = Table.inet("towpath-test");
    static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, Chain.FILTER);
    static final Chain DSTNAT = Chain.base(TABLE, "dstnat", "nat", Hook.PREROUTING, Chain.DSTNAT);
    static final Chain SRCNAT = Chain.base(TABLE, "srcnat", "nat", Hook.POSTROUTING, Chain.SRCNAT);

    static final NftSet PEERS =
            NftSet.set(TABLE, "peers", DataType.IPV4).withIntervals().withComment("who may");

    static final NftSet FORWARDS = NftSet.map(
            TABLE, "forwards", List.of(DataType.PROTOCOL, DataType.PORT), List.of(DataType.IPV4, DataType.PORT));

    final TestNamespace node = new TestNamespace();
    final Nft nft;

    NftScene() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            nft = Nft.open(netNs);
        }
    }

    @AfterEach
    void close() {
        nft.close();
        node.close();
    }

    /** What {@code nft} shows, a line each. */
    List<String> listed(String... what) {
        List<String> command = new ArrayList<>(List.of("nft"));
        command.addAll(List.of(what));
        return node.execute(command.toArray(String[]::new))
                .lines()
                .map(String::strip)
                .toList();
    }

    void shows(String... lines) {
        List<String> listed = listed("list", "ruleset");
        for (String line : lines) {
            assertTrue(listed.contains(line), () -> line + " is not in\n" + String.join("\n", listed));
        }
    }

    static IpPrefix prefix(String text) {
        return IpPrefix.parse(text);
    }

    static Value address(String text) {
        return Value.of(IpAddress.parse(text));
    }

    static Value forward(int protocol, int port) {
        return Value.concat(Value.u8(protocol), Value.be16(port));
    }
}
