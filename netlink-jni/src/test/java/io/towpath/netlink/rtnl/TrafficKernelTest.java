package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NeedsRoot
class TrafficKernelTest {
    private final TestNamespace node = new TestNamespace();
    private final NetNs netNs;
    private final Rtnl rtnl;

    TrafficKernelTest() throws NetlinkException {
        netNs = node.open();
        rtnl = Rtnl.open(netNs);
    }

    @AfterEach
    void close() {
        rtnl.close();
        netNs.close();
        node.close();
    }

    @ParameterizedTest
    @CsvSource({
        "1250000, 125000, 156250",
        "125000, 268435455, 131072",
        "1, 1500, 64000",
        "5000000000, 268435455, 4294967295",
        "125000000000, 4294967295, 4294967295",
        "123456789, 7654321, 1234567",
    })
    void tokenBucketIsWhatWasAskedFor(long rate, long burst, long limit) throws Exception {
        int link = rtnl.create(LinkSpec.ifb("ifb0", 1500)).index();
        Qdisc.Tbf asked = new Qdisc.Tbf(rate, burst, limit);
        rtnl.apply(new Batch().addQdisc(Qdisc.root(link, asked)));
        Qdisc.Kind shown = rtnl.qdiscs(link).getFirst().kind();
        assertTrue(asked.isShownAs(shown), () -> asked + " is shown as " + shown);
        JsonNode witness = node.tc("qdisc", "show", "dev", "ifb0").get(0);
        assertEquals("tbf", witness.get("kind").textValue());
        assertEquals(rate, witness.get("options").get("rate").longValue());
    }

    @Test
    void differentTokenBucketsAreNotTakenForTheSame() throws Exception {
        int link = rtnl.create(LinkSpec.ifb("ifb0", 1500)).index();
        Qdisc.Tbf asked = new Qdisc.Tbf(1_250_000, 125_000, 156_250);
        rtnl.apply(new Batch().addQdisc(Qdisc.root(link, asked)));
        Qdisc.Kind shown = rtnl.qdiscs(link).getFirst().kind();
        for (Qdisc.Tbf other : new Qdisc.Tbf[] {
            new Qdisc.Tbf(1_250_001, 125_000, 156_250),
            new Qdisc.Tbf(1_250_000, 125_010, 156_250),
            new Qdisc.Tbf(1_250_000, 124_990, 156_250),
            new Qdisc.Tbf(1_250_000, 125_000, 156_249),
        }) {
            assertTrue(!other.isShownAs(shown), other::toString);
        }
    }

    @Test
    void redirectIsWhatTcUnderstands() throws Exception {
        node.ip("link", "add", "cali0", "type", "veth", "peer", "name", "eth0");
        Link link = rtnl.link("cali0");
        assertTrue(link != null);
        int ifb = rtnl.create(LinkSpec.ifb("ifb0", 1500)).index();
        rtnl.apply(new Batch().addQdisc(Qdisc.ingress(link.index())).addFilter(Filter.redirect(link.index(), 1, ifb)));
        JsonNode qdiscs = node.tc("qdisc", "show", "dev", "cali0", "ingress");
        assertEquals("ingress", qdiscs.get(0).get("kind").textValue());
        assertEquals("ffff:", qdiscs.get(0).get("handle").textValue());
        JsonNode filters = node.tc("filter", "show", "dev", "cali0", "ingress");
        JsonNode filter = filters.get(filters.size() - 1);
        assertEquals("all", filter.get("protocol").textValue());
        assertEquals(1, filter.get("pref").intValue());
        JsonNode action = filter.get("options").get("actions").get(0);
        assertEquals("redirect", action.get("mirred_action").textValue());
        assertEquals("egress", action.get("direction").textValue());
        assertEquals("ifb0", action.get("to_dev").textValue());
    }

    @Test
    void whatTcMadeIsRead() throws Exception {
        node.ip("link", "add", "cali0", "type", "veth", "peer", "name", "eth0");
        node.ip("link", "add", "ifb0", "type", "ifb");
        node.execute("tc", "qdisc", "add", "dev", "cali0", "ingress");
        node.execute(
                "tc",
                "filter",
                "add",
                "dev",
                "cali0",
                "parent",
                "ffff:",
                "protocol",
                "all",
                "prio",
                "7",
                "u32",
                "match",
                "u32",
                "0",
                "0",
                "action",
                "mirred",
                "egress",
                "redirect",
                "dev",
                "ifb0");
        Link link = rtnl.link("cali0");
        Link ifb = rtnl.link("ifb0");
        assertTrue(link != null && ifb != null);
        assertTrue(rtnl.ingressFilters(link.index()).contains(Filter.redirect(link.index(), 7, ifb.index())));
        node.execute("tc", "filter", "del", "dev", "cali0", "parent", "ffff:");
        node.execute(
                "tc",
                "filter",
                "add",
                "dev",
                "cali0",
                "parent",
                "ffff:",
                "protocol",
                "all",
                "prio",
                "7",
                "u32",
                "match",
                "ip",
                "dport",
                "80",
                "0xffff",
                "action",
                "mirred",
                "egress",
                "redirect",
                "dev",
                "ifb0");
        assertTrue(rtnl.ingressFilters(link.index()).stream().allMatch(filter -> filter.redirectTo() == 0));
    }
}
