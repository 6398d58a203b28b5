package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A node and a pod's namespace, and links between them. */
abstract class LinkScene {
    static final String V4 = "10.244.1.5";
    static final String V6 = "fd00:244:1::5";
    static final String HALF_MADE = "cali0000000000a";
    static final String CALICOS = "cali0000000000b";
    static final String BRIDGE = "cali0000000000c";
    static final String OTHER_NETWORK = "cali0000000000d";
    TestNamespace node;
    TestNamespace pod;
    LinuxNamespaces namespaces;

    /** The attachments of which something else was to be removed, with the node's links at that moment. */
    final List<String> leftovers = new ArrayList<>();

    final List<TestNamespace> others = new ArrayList<>();

    @BeforeEach
    void setUp() throws Exception {
        node = new TestNamespace();
        pod = new TestNamespace();
        namespaces = new LinuxNamespaces(node.open());
        node.ip("address", "add", "192.0.2.1/32", "dev", "lo");
        node.ip("address", "add", "2001:db8::1/128", "dev", "lo");
    }

    @AfterEach
    void tearDown() throws Exception {
        namespaces.close();
        for (TestNamespace other : others) {
            other.close();
        }
        pod.close();
        node.close();
    }

    static Endpoint endpoint(String container, String podName, String... addresses) {
        return endpoint(false, container, podName, addresses);
    }

    static Endpoint endpoint(boolean ports, String container, String podName, String... addresses) {
        List<IpAddress> list = new ArrayList<>();
        List<PodRoute> routes = new ArrayList<>();
        for (String address : addresses) {
            list.add(IpAddress.parse(address));
            routes.add(PodRoute.byDefault(list.getLast().ipv6()));
        }
        return new Endpoint(
                EndpointName.hostName("default", podName, container, "eth0"),
                "eth0",
                OwnerMark.of("net", container, "eth0"),
                EndpointName.podMac(container, "eth0"),
                1450,
                list,
                routes,
                ports);
    }

    void connect(TestNamespace target, Endpoint endpoint, String... live) throws IOException {
        LinkSetup setup = new LinkSetup(
                namespaces,
                mark -> List.of(live).contains(mark.alias()),
                mark -> leftovers.add(mark + " " + node.links()));
        try (Namespaces.Pod opened = namespaces.pod(target.path())) {
            WholeLink.connect(namespaces, setup, opened, endpoint);
        }
    }

    void disconnect(Endpoint endpoint, boolean nameIsSure, boolean withNamespace) throws IOException {
        try (Namespaces.Pod opened = withNamespace ? namespaces.pod(pod.path()) : null) {
            LinkRemoval removal = new LinkRemoval(namespaces);
            removal.disconnect(
                    removal.find(endpoint.hostName(), nameIsSure, endpoint.mark(), opened, endpoint.ifName()),
                    endpoint.mark());
        }
    }

    static JsonNode only(JsonNode array) {
        assertEquals(1, array.size(), array::toString);
        return array.get(0);
    }

    TestNamespace otherPod() throws IOException {
        TestNamespace other = new TestNamespace();
        others.add(other);
        return other;
    }

    static String nameOf(TestNamespace namespace) {
        return namespace.path().substring("/run/netns/".length());
    }
}
