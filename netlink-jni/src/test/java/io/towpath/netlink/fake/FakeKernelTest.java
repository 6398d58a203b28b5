package io.towpath.netlink.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.List;
import org.junit.jupiter.api.Test;

class FakeKernelTest {
    private final FakeKernel kernel = new FakeKernel();
    private final FakeNamespace pod = kernel.namespace("pod");
    private final Rtnl node = kernel.namespace("node").open();
    private final Rtnl inPod = pod.open();

    private Link create(String name) throws NetlinkException {
        return node.create(new LinkSpec.VethPair(name, null, 1450, "eth0", null, pod.fd()));
    }

    private static Batch route(int index, String destination) {
        return new Batch().addRoute(Route.direct(IpPrefix.parse(destination), index));
    }

    @Test
    void keepsTheTextsOfWhatIsAskedFor() throws Exception {
        Link link = create("cali0");
        Batch batch =
                route(link.index(), "10.244.1.5/32").setLink(LinkChange.of("lo").withUp(true));
        node.submit(batch);
        assertEquals(
                List.of(
                        "link add cali0 type veth peer eth0",
                        "route add 10.244.1.5/32 dev 2 scope link",
                        "link set lo up"),
                kernel.writes());
        assertEquals("link show cali0", kernel.requests().get(1).text());
        assertEquals("node", kernel.requests().get(1).namespace());
        assertFalse(kernel.requests().get(1).isWrite());
        assertEquals(batch.toString(), String.join("\n", kernel.writes().subList(1, 3)) + "\n");
    }

    @Test
    void failsTheRequestThatWasOrdered() throws Exception {
        Link link = create("cali0");
        node.apply(new Batch().setLink(LinkChange.of(link.index()).withUp(true)));
        kernel.forgetRequests();
        kernel.failRequest(1, Errno.ENOMEM);
        Batch batch = route(link.index(), "10.0.0.1/32")
                .addRoute(Route.direct(IpPrefix.parse("10.0.0.2/32"), link.index()))
                .addRoute(Route.direct(IpPrefix.parse("10.0.0.3/32"), link.index()));
        NetlinkException failure = assertThrows(NetlinkException.class, () -> node.apply(batch));
        assertEquals(
                "route add 10.0.0.2/32 dev 2 scope link: ENOMEM Cannot allocate memory (injected)",
                failure.getMessage());
        assertEquals(2, node.routes(link.index()).size(), "the kernel goes on");

        kernel.failRequests("link add", Errno.EPERM);
        assertTrue(assertThrows(NetlinkException.class, () -> create("cali1")).is(Errno.EPERM));
        kernel.heal();
        assertTrue(assertThrows(NetlinkException.class, () -> create("cali1")).is(Errno.EEXIST));
    }

    @Test
    void namespaceTakesItsLinksAndTheirOtherEndsWithIt() throws Exception {
        create("cali0");
        kernel.deleteNamespace("pod");
        assertNull(node.link("cali0"));
        assertEquals(1, kernel.namespace("pod").open().links().size());
    }

    @Test
    void linkLocalAddressComesWhenBothEndsAreUp() throws Exception {
        Link link = create("cali0");
        node.apply(new Batch().setLink(LinkChange.of("cali0").withUp(true)));
        assertEquals(List.of(), node.addresses(link.index()));
        inPod.apply(new Batch().setLink(LinkChange.of("eth0").withUp(true)));
        assertEquals(
                "[fe80::ff:fe00:2/64 dev 2 scope link]",
                node.addresses(link.index()).toString());
        Link whole = node.link("cali0");
        assertNotNull(whole);
        assertEquals(6, whole.operState());
    }

    @Test
    void dumpThatIsInterruptedIsRepeated() throws Exception {
        create("cali0");
        kernel.forgetRequests();
        kernel.interruptDumps(3);
        assertEquals(2, node.links().size());
        assertEquals(4, kernel.requests().size());
    }

    @Test
    void dumpThatIsAlwaysInterruptedFails() {
        kernel.interruptDumps(Integer.MAX_VALUE);
        NetlinkException failure = assertThrows(NetlinkException.class, node::links);
        assertEquals(
                "link list: EINTR Interrupted system call (it changed during every attempt to read it)",
                failure.getMessage());
    }

    @Test
    void answerThatDoesNotFitIsAskedForAgain() throws Exception {
        kernel.truncateAnswers(1);
        Link link = create("cali0");
        assertEquals("cali0", link.name());
        assertEquals(List.of("link add cali0 type veth peer eth0"), kernel.writes(), "created once");
        kernel.truncateAnswers(2);
        assertEquals(2, node.links().size());
    }

    @Test
    void dumpOfManyPartsIsWhole() throws Exception {
        Link link = create("cali0");
        node.apply(new Batch().setLink(LinkChange.of(link.index()).withUp(true)));
        Batch batch = new Batch();
        for (int i = 0; i < 1000; i++) {
            batch.addRoute(Route.direct(IpPrefix.parse("10." + i / 250 + "." + i % 250 + ".0/24"), link.index()));
        }
        node.apply(batch);
        assertEquals(1000, node.routes(link.index()).size());
    }
}
