package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * Direct routing across subnets, in both families: a, of the real flanneld, and b, of Towpath, are in one subnet; c is beyond a router, and
 * comes to them.
 */
@OnLab
@EnabledIf(value = "io.towpath.lab.agent.Flanneld#isThere", disabledReason = Flanneld.MISSING)
class DirectRoutingBesideFlanneldTest {
    private static final String BACKEND = "{'DirectRouting': true}";
    private static final List<String> BEYOND = List.of("192.168.51.3", "2001:db8:51::3");

    @AutoClose
    private final AgentLab lab = new AgentLab(true, true, "a", "b", "c").register("a", "b", "c");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");
    private final Node c = lab.node("c");
    private final List<String> beside = c.addresses();
    private final List<Pod> pods = new ArrayList<>();
    private final Flanneld flanneldA = new Flanneld(a, lab.api).backend(BACKEND);

    @BeforeEach
    void cIsBeyondTheRouter() {
        Namespace router = lab.lab.underlay();
        router.sysctl("net/ipv4/ip_forward", "1");
        router.sysctl("net/ipv6/conf/all/forwarding", "1");
        goBeyond();
        flanneldA.start();
        towpath(b);
        awaitDirect(a, b);
        awaitDirect(b, a);
    }

    @Test
    void aNodeOfTowpathsBeyond() {
        Agent agent = towpath(c);
        Pod pod = c.pod("web").add();
        assertBeyond(pod);
        agent.terminate();
        comeBeside();
        agent.start().awaitReady();
        assertBeside(pod);
        agent.terminate();
        goBeyond();
        agent.start().awaitReady();
        assertBeyondAgain(pod);
    }

    @Test
    void aNodeOfFlannelsBeyond() {
        Flanneld flanneldC = new Flanneld(c, lab.api).backend(BACKEND).start();
        Pod pod = flanneldC.pod("far").add();
        assertBeyond(pod);
        flanneldC.kill();
        comeBeside();
        flanneldC.start();
        assertBeside(pod);
        flanneldC.kill();
        goBeyond();
        flanneldC.start();
        assertBeyondAgain(pod);
    }

    private void goBeyond() {
        lab.lab
                .underlay()
                .ip(
                        "link set dev c nomaster",
                        "address add dev c 192.168.51.254/24",
                        "address add dev c 2001:db8:51::fe/64 nodad");
        plug(BEYOND, List.of("192.168.51.254", "2001:db8:51::fe"));
    }

    private void comeBeside() {
        lab.lab
                .underlay()
                .ip(
                        "address delete dev c 192.168.51.254/24",
                        "address delete dev c 2001:db8:51::fe/64",
                        "link set dev c master br0");
        plug(beside, List.of(Lab.GATEWAY, Lab.GATEWAY_V6));
    }

    private void assertBeyond(Pod ofC) {
        for (Node node : List.of(a, b)) {
            awaitTunnel(node, c, BEYOND);
            awaitTunnel(c, node, node.addresses());
        }
        awaitDirect(a, b);
        awaitDirect(b, a);
        assertPing(ofC);
    }

    /** flanneld's own route is in its way: the kernel takes no onlink gateway of IPv6 while a route leads to it elsewhere. */
    private void assertBeyondAgain(Pod ofC) {
        awaitTunnel(b, c, BEYOND);
        awaitTunnel(c, b, b.addresses());
        ofC.addresses().forEach(pods.get(1)::ping);
        flanneldA.kill();
        a.namespace().ip("route delete " + c.slices().getLast());
        flanneldA.start();
        assertBeyond(ofC);
    }

    private void assertBeside(Pod ofC) {
        for (Node node : List.of(a, b)) {
            awaitDirect(node, c);
            awaitDirect(c, node);
        }
        assertPing(ofC);
    }

    private void assertPing(Pod ofC) {
        if (pods.isEmpty()) {
            pods.addAll(List.of(flanneldA.pod("far").add(), b.pod("web").add(), ofC));
        }
        AgentLab.assertPing(pods);
    }

    private Agent towpath(Node node) {
        return node.agent(lab.api)
                .backend(BACKEND)
                .with(AgentLab.POLICY + "=false")
                .start()
                .awaitReady();
    }

    /** Plugs it in elsewhere: its routes by that link are gone. */
    private void plug(List<String> addresses, List<String> routers) {
        c.namespace()
                .ip(
                        "link set eth0 down",
                        "address flush dev eth0",
                        "address add dev eth0 " + addresses.getFirst() + "/24",
                        "link set eth0 up",
                        "address add dev eth0 " + addresses.getLast() + "/64 nodad",
                        "route add default via " + routers.getFirst(),
                        "route add default via " + routers.getLast());
    }

    private static void awaitDirect(Node on, Node other) {
        for (int i = 0; i < 2; i++) {
            String slice = other.slices().get(i);
            String address = other.addresses().get(i);
            Await.until(
                    on + " sends to " + slice + " by " + address + " without a tunnel",
                    () -> way(on, slice).equals("via " + address + " dev eth0"),
                    () -> way(on, slice));
        }
    }

    private static void awaitTunnel(Node on, Node other, List<String> addresses) {
        for (int i = 0; i < 2; i++) {
            String slice = other.slices().get(i);
            String address = addresses.get(i);
            Await.until(
                    on + " sends to " + slice + " by a tunnel to " + address,
                    () -> AgentLab.hasPeer(on.namespace(), slice, address),
                    () -> way(on, slice));
        }
    }

    private static String way(Node on, String slice) {
        StringBuilder ways = new StringBuilder();
        for (JsonNode route : on.namespace().show(slice.contains(":") ? "-6" : "-4", "route", "show", slice)) {
            ways.append(ways.isEmpty() ? "" : ", ")
                    .append("via ")
                    .append(route.path("gateway").asText())
                    .append(" dev ")
                    .append(route.path("dev").asText());
        }
        return ways.toString();
    }
}
