package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** GC takes away what belongs to attachments that are not valid, of its own network only. */
@OnLab
class GcTest {
    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final Pod one = node.pod("one");
    private final Pod two = node.pod("two");
    private final Pod three = node.pod("three");

    @BeforeEach
    void threePods() {
        one.add();
        two.add();
        three.add();
    }

    @AfterEach
    void nothingIsLeft() {
        node.gc().succeededSilently();
        node.leases().assertEmpty();
        assertEquals(Set.of(), links());
    }

    private Set<String> links() {
        return Set.copyOf(node.namespace().show("link").findValuesAsText("ifname").stream()
                .filter(name -> name.startsWith("cali"))
                .toList());
    }

    @Test
    void validAttachmentsStay() {
        node.gc(one, three).succeededSilently();
        assertEquals(Set.of(one.hostLink(), three.hostLink()), links());
        assertEquals(Set.of(one.address(), three.address()), node.leases().all().keySet());
        String routes = node.namespace().run("ip", "route");
        assertTrue(!routes.contains(two.address() + " dev"), routes);
        one.check().succeededSilently();
        three.check().succeededSilently();
        two.check().error();
        one.ping(three.address());
        NodeState before = node.state();
        node.gc(one, three).succeededSilently();
        node.state().assertSameAs(before);
    }

    @Test
    void withoutAListNothingHappens() {
        NodeState before = node.state();
        node.call("GC", node.conf().version("1.1.0")).run().succeededSilently();
        node.state().assertSameAs(before);
    }

    @Test
    void anEmptyListMeansAll() {
        node.gc().succeededSilently();
        assertEquals(Set.of(), links());
        node.leases().assertEmpty();
        for (Pod pod : List.of(one, two, three)) {
            assertEquals(
                    List.of("lo"),
                    pod.namespace().show("link").findValuesAsText("ifname").stream()
                            .toList());
            pod.del();
        }
    }

    @Test
    void anotherInterfaceOfAValidContainerGoes() {
        NetConf conf = node.conf();
        String second = one.call("ADD")
                .with("CNI_IFNAME", "eth1")
                .stdin(conf.ipam("routes", "[{'dst': '10.99.0.0/16'}]"))
                .run()
                .address();
        assertEquals(4, links().size());
        node.gc(one, two, three).succeededSilently();
        assertEquals(3, links().size());
        assertTrue(!node.leases().all().containsKey(second));
        one.check().succeededSilently();
    }

    @Test
    void otherNetworksAndStrangersStay() {
        NetConf other = node.conf().name("other").ipam("{'type': 'host-local', 'subnet': '10.77.0.0/24'}");
        node.namespace().ip("link add name stranger type veth peer name stranger2", "route add 10.66.0.1/32 dev eth0");
        try (Pod pod = node.pod("four").conf(other).add()) {
            node.gc().succeededSilently();
            assertEquals(Set.of(pod.hostLink()), links());
            assertTrue(node.namespace().hasLink("stranger"));
            assertTrue(node.namespace().run("ip", "route").contains("10.66.0.1 dev eth0"));
            pod.check().succeededSilently();
            node.gc(other.version("1.1.0")).succeededSilently();
            assertEquals(Set.of(), links());
            node.leases("other").assertEmpty();
        }
    }

    @Test
    void leasesOfTheReferencePluginGoToo() {
        node.leases().write("10.244.1.200", "only-a-container");
        node.leases().write("10.244.1.201", "another\r\neth0");
        node.leases().write("10.244.1.202", "");
        node.gc(one, two, three).succeededSilently();
        assertEquals(
                Set.of(one.address(), two.address(), three.address()),
                node.leases().all().keySet());
        assertTrue(!node.leases().last(0).isEmpty(), "last_reserved_ip is no lease");
    }

    @Test
    void namespacesMayBeGone() {
        one.close();
        two.close();
        node.gc(three).succeededSilently();
        assertEquals(Set.of(three.hostLink()), links());
        assertEquals(Set.of(three.address()), node.leases().all().keySet());
    }
}
