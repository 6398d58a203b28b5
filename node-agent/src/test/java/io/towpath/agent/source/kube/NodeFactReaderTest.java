package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeFactReaderTest {
    private static List<String> addresses(ObjectNode node) {
        return new NodeFactReader("self")
                .read(Nodes.read(node)).addresses().stream()
                        .map(IpAddress::toString)
                        .toList();
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
                List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0", "fd00:1:0:2::"), addresses(node("b")));
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
                addresses(node("self")));
    }

    @Test
    void aNodeMayHaveLittleYetAndWriteMuch() {
        ObjectNode node = node("b");
        node.withObject("/spec").withArray("/podCIDRs").add("nonsense");
        node.withObject("/status").withArray("/addresses").addObject().put("address", "10.64.2.0");
        assertEquals(List.of("192.168.0.2", "203.0.113.2", "fd00:9::2", "10.64.2.0", "fd00:1:0:2::"), addresses(node));
        node.remove("spec");
        node.remove("status");
        assertEquals(List.of(), addresses(node));
        node.putObject("spec").put("podCIDR", "10.64.7.0/24");
        assertEquals(List.of("10.64.7.0"), addresses(node));
    }
}
