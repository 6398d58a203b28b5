package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Address;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Neighbour;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CheckTest {
    private static final String HOST = "cali0d7763386da";
    private static final int INDEX = 2;

    @TempDir
    private Path disk;

    private TestNode node;
    private JsonNode result;

    @BeforeEach
    void aPod() throws IOException {
        node = new TestNode(disk);
        result = node.call("ADD", TestNode.DUAL).run().good().json();
    }

    private TestNode.Call check() {
        return node.call("CHECK", TestNode.DUAL).conf("prevResult", result);
    }

    @ParameterizedTest
    @CsvSource({"0.4.0", "1.0.0", "1.1.0"})
    void findsNothingWrongWithWhatAddMade(String version) throws IOException {
        node.call("DEL", TestNode.DUAL).run().good();
        result = node.call("ADD", TestNode.DUAL)
                .conf("cniVersion", version)
                .run()
                .good()
                .json();
        JsonNode answer = check().conf("cniVersion", version).run().good().json();
        assertEquals("", answer.asText());
    }

    private static Arguments change(String where, Consumer<Batch> change, String error) {
        return Arguments.of(where, change, error);
    }

    static Stream<Arguments> changes() {
        String node = FakeNamespaces.NODE;
        String pod = TestNode.POD;
        IpAddress v4 = IpAddress.parse("10.1.2.2");
        IpAddress v6 = IpAddress.parse("fd00:1:2::2");
        IpAddress gateway = IpAddress.parse("169.254.1.1");
        IpAddress gateway6 = IpAddress.parse("fe80::ecee:eeff:feee:eeee");
        LinkChange link = LinkChange.of(INDEX);
        MacAddress mac = MacAddress.parse("02:00:00:00:00:01");
        return Stream.of(
                change(node, b -> b.setLink(link.withUp(false)), "interface " + HOST + " on the node is down"),
                change(pod, b -> b.setLink(link.withUp(false)), "interface eth0 in the container is down"),
                change(
                        node,
                        b -> b.setLink(link.withMac(mac)),
                        "interface " + HOST + " on the node has MAC " + mac + ", not ee:ee:ee:ee:ee:ee"),
                change(
                        pod,
                        b -> b.setLink(link.withMac(mac)),
                        "interface eth0 in the container has MAC " + mac + ", not 4a:fd:26:11:59:8e"),
                change(
                        pod,
                        b -> b.setLink(link.withMtu(1300)),
                        "interface eth0 in the container has MTU 1300, not 1500"),
                change(
                        node,
                        b -> b.setLink(link.withAlias("towpath/net/c2/eth0")),
                        "interface " + HOST + " on the node belongs to another attachment: towpath/net/c2/eth0"),
                change(
                        node,
                        b -> b.setLink(link.with(Ipv4Devconf.PROXY_ARP, 0)),
                        "setting PROXY_ARP of interface " + HOST + " on the node is 0, not 1"),
                change(
                        node,
                        b -> b.deleteRoute(Route.direct(IpPrefix.host(v6), INDEX)),
                        "route fd00:1:2::2/128 to " + HOST + " is missing on the node"),
                change(
                        pod,
                        b -> b.deleteAddress(Address.of(INDEX, IpPrefix.host(v4))),
                        "address 10.1.2.2/32 is missing on interface eth0 in the container"),
                change(
                        pod,
                        b -> b.deleteNeighbour(
                                Neighbour.permanent(INDEX, gateway6, MacAddress.parse("ee:ee:ee:ee:ee:ee"))),
                        "permanent neighbour fe80::ecee:eeff:feee:eeee is missing in the container"),
                change(
                        pod,
                        b -> b.replaceNeighbour(Neighbour.permanent(INDEX, gateway, mac)),
                        "permanent neighbour 169.254.1.1 is missing in the container"),
                change(
                        pod,
                        b -> b.deleteRoute(Route.via(IpPrefix.parse("::/0"), gateway6, INDEX)),
                        "route ::/0 via fe80::ecee:eeff:feee:eeee is missing in the container"),
                change(
                        node,
                        b -> b.deleteLink(INDEX),
                        "interface " + HOST + " is missing on the node: interface eth0 is missing in the container"));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void namesWhatIsWrong(String where, Consumer<Batch> change, String error) throws IOException {
        Batch batch = new Batch();
        change.accept(batch);
        try (Rtnl rtnl = node.namespaces.at(where).open()) {
            rtnl.apply(batch);
        }
        String answer = check().run().error();
        assertEquals("999 " + error, answer.substring(0, Math.min(answer.length(), error.length() + 4)));
    }

    @Test
    void namesAMissingLease() throws IOException {
        Files.delete(disk.resolve("leases/net/10.1.2.2"));
        assertEquals(
                "999 host-local: 10.1.2.2 is not leased to container c1",
                check().run().error());
    }

    @Test
    void tellsAllAtOnce() throws IOException {
        Files.delete(disk.resolve("leases/net/10.1.2.2"));
        try (Rtnl pod = node.namespaces.at(TestNode.POD).open()) {
            pod.apply(new Batch().setLink(LinkChange.of(INDEX).withMtu(1300)));
        }
        assertEquals(
                "999 interface eth0 in the container has MTU 1300, not 1500: host-local: 10.1.2.2 is not leased to"
                        + " container c1",
                check().run().error());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            CNI_NETNS  | /run/netns/gone  | 999 prevResult has no interface eth0 in /run/netns/gone
            CNI_IFNAME | net1             | 999 prevResult has no interface net1 in /run/netns/pod
            CNI_ARGS   | K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1 | 999 prevResult has no interface cali0761ccbeace on the node
            """)
    void aResultOfSomethingElseIsNamed(String variable, String value, String error) throws IOException {
        assertEquals(error, check().with(variable, value).run().error());
    }

    @Test
    void thePodNeedNotBeTold() throws IOException {
        check().with("CNI_ARGS", "").run().good();
    }

    @Test
    void needsPrevResult() throws IOException {
        assertEquals(
                "7 Required prevResult missing",
                node.call("CHECK", TestNode.DUAL).run().error());
    }
}
