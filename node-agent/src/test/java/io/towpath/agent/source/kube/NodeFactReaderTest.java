package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeFactReaderTest {
    private static final String V4 = "\"Network\": \"10.0.0.0/8\"";
    private static final String BOTH = V4 + ", \"EnableIPv6\": true, \"IPv6Network\": \"fd00:1::/48\"";

    private static List<String> addresses(String networks, ObjectNode node) {
        try {
            NetConf conf = NetConf.parse("c", "{" + networks + ", \"Backend\": {\"Type\": \"vxlan\"}}");
            return new NodeFactReader("self", conf)
                    .read(Nodes.read(node)).addresses().stream()
                            .map(IpAddress::toString)
                            .toList();
        } catch (NetConfException e) {
            throw new AssertionError(e);
        }
    }

    private static ObjectNode node(String name) {
        ObjectNode node = Nodes.bare(name, 2);
        node.withObject("/spec").withArray("/podCIDRs").add("fd00:1:0:2::/64");
        node.withObject("/status").set("addresses", Manifests.json("""
                {l: [{type: 'InternalIP', address: '192.168.0.2'}, {type: 'ExternalIP', address: '203.0.113.2'},
                     {type: 'InternalIP', address: 'fd00:9::2'}, {type: 'Hostname', address: 'b'}, {type: 'InternalDNS'}]}
                """).path("l"));
        return node;
    }

    @Test
    void addressesAreThoseOfTheStatusAndOfTheOverlay() {
        assertEquals(
                List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0", "fd00:1:0:2::"),
                addresses(BOTH, node("b")));
        assertEquals(
                List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0"),
                addresses(V4, node("b")),
                "a family that the network does not have has no device");
    }

    @Test
    void ofThisNodeAlsoTheGatewayOfItsPods() {
        assertEquals(
                List.of(
                        "192.168.0.2",
                        "203.0.113.2",
                        "fd00:9::2",
                        "10.64.2.0",
                        "fd00:1:0:2::",
                        "fe80::ecee:eeff:feee:eeee"),
                addresses(BOTH, node("self")));
        assertEquals(List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0"), addresses(V4, node("self")));
    }

    @Test
    void aNodeMayHaveLittleYetAndWriteMuch() {
        ObjectNode node = node("b");
        node.withObject("/spec").withArray("/podCIDRs").add("nonsense");
        node.withObject("/status").withArray("/addresses").addObject().put("address", "10.64.2.0");
        assertEquals(List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0"), addresses(V4, node));
        node.remove("spec");
        node.remove("status");
        assertEquals(List.of(), addresses(BOTH, node));
        node.putObject("spec").put("podCIDR", "10.64.7.0/24");
        assertEquals(List.of("10.64.7.0"), addresses(BOTH, node));
    }
}
