package io.towpath.cni.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetNs.Sysctl;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.junit.jupiter.api.Test;

@NeedsRoot
class LinkSetupKernelTest extends LinkScene {
    /** A pod during whose ADD something happens after the node's end is up, before its routes. */
    private record Meanwhile(Namespaces.Pod pod, Runnable action) implements Namespaces.Pod {
        @Override
        public int fd() {
            return pod.fd();
        }

        @Override
        public boolean isHost() throws NetlinkException {
            return pod.isHost();
        }

        @Override
        public boolean hasOtherEnd(Link host) throws NetlinkException {
            return pod.hasOtherEnd(host);
        }

        @Override
        public Rtnl rtnl() throws NetlinkException {
            action.run();
            return pod.rtnl();
        }

        @Override
        public String readSysctl(String key) throws NetlinkException {
            return pod.readSysctl(key);
        }

        @Override
        public void writeSysctls(List<Sysctl> settings) throws NetlinkException {
            pod.writeSysctls(settings);
        }

        @Override
        public void close() {}
    }

    @Test
    void aRouteThatTheAgentPutThereMeanwhileIsThePods() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        LinkSetup setup = new LinkSetup(namespaces, _ -> true, _ -> {});
        try (Namespaces.Pod opened = namespaces.pod(pod.path())) {
            Runnable agent = () -> {
                try {
                    node.ip("route", "add", V4, "dev", endpoint.hostName());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            };
            assertEquals(
                    endpoint.hostName(),
                    WholeLink.connect(namespaces, setup, new Meanwhile(opened, agent), endpoint)
                            .name());
        }
        assertEquals(
                endpoint.hostName(),
                only(node.show("route", "show", V4)).path("dev").asText());
    }

    @Test
    void hostEndIsAsCalicosAndTellsWhoseItIs() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        JsonNode link = only(node.show("link", "show", "cali0d7763386da"));
        assertEquals("ee:ee:ee:ee:ee:ee", link.path("address").asText());
        assertEquals(1450, link.path("mtu").asInt());
        assertEquals("UP", link.path("operstate").asText());
        assertEquals("towpath/net/c1/eth0", link.path("ifalias").asText());
        assertEquals("none", link.path("inet6_addr_gen_mode").asText());
        assertEquals(1, link.path("num_tx_queues").asInt());
        String conf = "net/ipv4/conf/" + endpoint.hostName() + "/";
        for (String setting : List.of("proxy_arp", "forwarding", "rp_filter")) {
            assertEquals("1", node.sysctl(conf + setting), setting);
        }
        assertEquals("0", node.sysctl(conf + "route_localnet"), "no pod is to reach the node's loopback device");
        assertEquals("0", node.sysctl("net/ipv4/neigh/" + endpoint.hostName() + "/proxy_delay"));
        assertEquals("0", node.sysctl("net/ipv6/conf/" + endpoint.hostName() + "/accept_ra"));
        assertEquals(
                "[]", node.show("-6", "address", "show", endpoint.hostName()).toString());
        JsonNode route = only(node.show("route", "show", V4));
        assertEquals(endpoint.hostName(), route.path("dev").asText());
        assertEquals("link", route.path("scope").asText());
        assertEquals("[]", route.path("flags").toString(), "an end that is down shows as linkdown");
    }

    @Test
    void hostEndTellsOfPortsAndRoutesTheNodesLoopbackAddresses() throws Exception {
        Endpoint endpoint = endpoint(true, "c1", "web-0", V4);
        connect(pod, endpoint);
        JsonNode link = only(node.show("link", "show", endpoint.hostName()));
        assertEquals("towpath/net/c1/eth0 ports", link.path("ifalias").asText());
        assertEquals("1", node.sysctl("net/ipv4/conf/" + endpoint.hostName() + "/route_localnet"));
        disconnect(endpoint, true, false);
        assertEquals(List.of(), node.links());
    }

    @Test
    void podEndHasAddressRoutesAndAGatewayThatIsKnownAlready() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        connect(pod, endpoint);
        JsonNode link = only(pod.show("address", "show", "eth0"));
        assertEquals(endpoint.podMac().toString(), link.path("address").asText());
        assertEquals(1450, link.path("mtu").asInt());
        assertEquals(32, link.path("addr_info").get(0).path("prefixlen").asInt());
        assertEquals(V4, link.path("addr_info").get(0).path("local").asText());
        JsonNode routes = pod.show("route");
        assertEquals(2, routes.size(), routes::toString);
        assertEquals("default", routes.get(0).path("dst").asText());
        assertEquals("169.254.1.1", routes.get(0).path("gateway").asText());
        assertEquals("169.254.1.1", routes.get(1).path("dst").asText());
        assertEquals("link", routes.get(1).path("scope").asText());
        JsonNode neighbour = only(pod.show("neighbour"));
        assertEquals("169.254.1.1", neighbour.path("dst").asText());
        assertEquals("ee:ee:ee:ee:ee:ee", neighbour.path("lladdr").asText());
        assertEquals("[\"PERMANENT\"]", neighbour.path("state").toString());
        pod.execute("ping", "-n", "-c1", "-W2", "192.0.2.1");
        node.execute("ping", "-n", "-c1", "-W2", V4);
    }

    @Test
    void ipv6WorksAtOnce() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4, V6);
        connect(pod, endpoint);
        pod.execute("ping", "-n", "-c1", "-W2", "2001:db8::1");
        node.execute("ping", "-n", "-c1", "-W2", V6);
        pod.execute("ping", "-n", "-c1", "-W2", "192.0.2.1");
        JsonNode route = only(pod.show("-6", "route", "show", "default"));
        assertEquals("fe80::ecee:eeff:feee:eeee", route.path("gateway").asText());
        assertEquals("0", node.sysctl("net/ipv6/conf/" + endpoint.hostName() + "/accept_ra"));
        assertEquals("1", node.sysctl("net/ipv6/conf/" + endpoint.hostName() + "/forwarding"));
    }

    @Test
    void ipv6IsSwitchedOnWhereItIsOff() throws Exception {
        for (TestNamespace each : List.of(node, pod)) {
            each.execute("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
        }
        connect(pod, endpoint("c1", "web-0", V6));
        node.execute("ping", "-n", "-c1", "-W2", V6);
    }

    /** A StatefulSet's pod comes back under its name before the old one's link is gone. */
    @Test
    void aLinkOfThePodsFormerContainerIsReplaced() throws Exception {
        connect(pod, endpoint("old", "web-0", V4));
        try (TestNamespace reborn = new TestNamespace()) {
            Endpoint endpoint = endpoint("new", "web-0", "10.244.1.6");
            connect(reborn, endpoint, "towpath/net/old/eth0");
            assertEquals(List.of(endpoint.hostName()), node.links());
            assertEquals(List.of(), pod.links());
            disconnect(endpoint("old", "web-0", V4), true, true);
            assertEquals(List.of(endpoint.hostName()), node.links(), "a late DEL of the old container");
            node.execute("ping", "-n", "-c1", "-W2", "10.244.1.6");
        }
    }

    @Test
    void anInterfaceThatThePodHasAlreadyIsLeftAlone() throws Exception {
        pod.ip("link", "add", "eth0", "type", "veth", "peer", "name", "other");
        IOException e = assertThrows(IOException.class, () -> connect(pod, endpoint("c1", "web-0", V4)));
        assertEquals("the container already has an interface eth0", e.getMessage());
        assertEquals(List.of(), node.links());
        assertEquals(2, pod.links().size());
    }

    /** Two containers in one namespace, as after a mix-up of the runtime: the first keeps what it has. */
    @Test
    void theLinkOfALiveAttachmentInTheSameNamespaceIsLeftAlone() throws Exception {
        connect(pod, endpoint("c1", "web-0", V4));
        assertThrows(
                IOException.class, () -> connect(pod, endpoint("c2", "web-0", "10.244.1.6"), "towpath/net/c1/eth0"));
        node.execute("ping", "-n", "-c1", "-W2", V4);
    }

    @Test
    void whatAKilledAddLeftInTheNamespaceIsReplaced() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        node.ip("link", "add", endpoint.hostName(), "type", "veth", "peer", "name", "eth0", "netns", nameOf(pod));
        connect(pod, endpoint);
        node.execute("ping", "-n", "-c1", "-W2", V4);
    }

    @Test
    void aLinkOfAnotherKindIsNamed() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4);
        node.ip("link", "add", endpoint.hostName(), "type", "bridge");
        IOException e = assertThrows(IOException.class, () -> connect(pod, endpoint));
        assertEquals("link cali0d7763386da is in the way: it is of type bridge and not a pod's", e.getMessage());
        assertEquals(List.of(endpoint.hostName()), node.links());
        assertEquals(List.of(), pod.links());
    }

    @Test
    void aForeignRouteToTheAddressIsNamedAndAllIsUndone() throws Exception {
        node.ip("link", "add", "veth7", "type", "veth", "peer", "name", "veth8");
        node.ip("link", "set", "veth7", "up");
        node.ip("route", "add", V4, "dev", "veth7");
        IOException e = assertThrows(IOException.class, () -> connect(pod, endpoint("c1", "web-0", V4, V6)));
        assertEquals("there is a route to " + V4 + " already, by link veth7", e.getMessage());
        assertEquals(List.of("veth8", "veth7"), node.links());
        assertEquals(List.of(), pod.links());
        assertEquals(1, node.show("route").size());
    }

    @Test
    void aRouteOfAPodWithoutALeaseGivesWay() throws Exception {
        connect(pod, endpoint("c1", "web-0", V4));
        try (TestNamespace other = new TestNamespace()) {
            Endpoint endpoint = endpoint("c2", "web-1", V4);
            IOException e = assertThrows(IOException.class, () -> connect(other, endpoint, "towpath/net/c1/eth0"));
            assertEquals("there is a route to " + V4 + " already, by link cali0d7763386da", e.getMessage());
            connect(other, endpoint);
            assertEquals(List.of(endpoint.hostName()), node.links());
            node.execute("ping", "-n", "-c1", "-W2", V4);
        }
    }

    @Test
    void inspectionNamesWhatIsWrong() throws Exception {
        Endpoint endpoint = endpoint("c1", "web-0", V4, V6);
        connect(pod, endpoint);
        assertEquals(List.of(), inspect(endpoint));
        String host = endpoint.hostName();
        node.ip("link", "set", host, "mtu", "1400");
        pod.ip("link", "set", "eth0", "address", "02:00:00:00:00:01");
        node.ip("route", "delete", V4);
        pod.ip("route", "delete", "default");
        node.execute("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/" + host + "/proxy_arp");
        node.ip("-6", "address", "flush", "dev", host);
        assertEquals(
                List.of(
                        "interface " + host + " on the node has MTU 1400, not 1450",
                        "interface eth0 in the container has MAC 02:00:00:00:00:01, not " + endpoint.podMac(),
                        "setting PROXY_ARP of interface " + host + " on the node is 0, not 1",
                        "route " + V4 + "/32 to " + host + " is missing on the node",
                        "address fe80::ecee:eeff:feee:eeee/64 is missing on interface " + host + " on the node",
                        "permanent neighbour 169.254.1.1 is missing in the container",
                        "permanent neighbour fe80::ecee:eeff:feee:eeee is missing in the container",
                        "route 0.0.0.0/0 via 169.254.1.1 is missing in the container"),
                inspect(endpoint));
        pod.ip("link", "delete", "eth0");
        assertEquals(
                List.of("interface " + host + " is missing on the node", "interface eth0 is missing in the container"),
                inspect(endpoint));
    }

    private List<String> inspect(Endpoint endpoint) throws Exception {
        Inspection inspection = new Inspection();
        List<IpPrefix> prefixes =
                endpoint.addresses().stream().map(IpPrefix::host).toList();
        try (Namespaces.Pod opened = namespaces.pod(pod.path())) {
            inspection.compare(
                    namespaces.host(),
                    opened,
                    endpoint.mark(),
                    new Inspection.End(endpoint.hostName(), "EE:EE:EE:EE:EE:EE", 1450),
                    new Inspection.End("eth0", endpoint.podMac().toString(), 1450),
                    prefixes,
                    endpoint.routes());
        }
        return inspection.mismatches();
    }
}
