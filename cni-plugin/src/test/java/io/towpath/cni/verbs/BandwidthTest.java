package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Filter;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.LinkSpec;
import io.towpath.netlink.rtnl.Qdisc;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BandwidthTest {
    private static final String CALI = "cali0d7763386da";
    private static final String IFB = "ifb1a7ff2e2bec5";
    private static final String BOTH = """
            {"bandwidth": {"ingressRate": 8000000, "ingressBurst": 1600000,
                           "egressRate": 16000000, "egressBurst": 2147483647}}""";

    @TempDir
    private Path disk;

    private TestNode node;
    private List<String> empty;

    @BeforeEach
    void setUp() throws IOException {
        node = new TestNode(disk);
        empty = node.everything();
        node.namespaces.kernel.forgetRequests();
    }

    private TestNode.Call call(String verb) throws IOException {
        return node.call(verb).json("runtimeConfig", BOTH);
    }

    private List<String> traffic() throws IOException {
        return node.everything().stream()
                .filter(line -> line.contains(" tbf ") || line.contains(" in "))
                .map(line -> line.substring(line.indexOf(": ") + 2))
                .toList();
    }

    @Test
    void limitsBothDirections() throws IOException {
        JsonNode result = call("ADD").run().good().json();
        assertEquals(List.of(CALI, IFB), node.hostLinks());
        assertEquals(
                List.of(
                        "dev 2 in ingress",
                        "dev 2 root tbf rate 1000000 burst 200000 limit 156072",
                        "dev 2 in pref 2 src 10.1.2.2 redirect dev 3",
                        "dev 3 root tbf rate 2000000 burst 131072 limit 181072"),
                traffic());
        assertEquals(
                TestNode.JSON.readTree("{\"name\": \"" + IFB + "\", \"mac\": \"ee:ee:ee:ee:ee:ee\", \"mtu\": 1500}"),
                result.path("interfaces").path(2));
        assertEquals(1, result.path("ips").path(0).path("interface").asInt());
        call("CHECK").conf("prevResult", result).run().good();
        call("DEL").run().good();
        assertEquals(empty, node.everything());
    }

    @Test
    void oneDirectionNeedsNothingOfTheOther() throws IOException {
        String ingress = "{\"bandwidth\": {\"ingressRate\": 8000000, \"ingressBurst\": 1600000}}";
        JsonNode result =
                node.call("ADD").json("runtimeConfig", ingress).run().good().json();
        assertEquals(List.of("dev 2 root tbf rate 1000000 burst 200000 limit 156072"), traffic());
        assertEquals(2, result.path("interfaces").size());
        assertEquals(List.of(CALI), node.hostLinks());
        node.call("DEL").run().good();
        String egress = "{\"bandwidth\": {\"egressRate\": 8000000, \"egressBurst\": 1600000}}";
        node.call("ADD").json("runtimeConfig", egress).run().good();
        assertEquals(3, traffic().size(), traffic()::toString);
        node.call("DEL").run().good();
        assertEquals(empty, node.everything());
    }

    @Test
    void isUndoneWhateverRequestFails() throws IOException {
        call("ADD").run().good();
        int requests = node.namespaces.kernel.requests().size();
        call("DEL").run().good();
        for (int i = 0; i < requests; i++) {
            node.namespaces.kernel.forgetRequests();
            node.namespaces.kernel.failRequest(i, Errno.EPERM);
            String error = call("ADD").run().error();
            node.namespaces.kernel.heal();
            assertTrue(error.contains("EPERM"), error);
            assertEquals(empty, node.everything(), "request " + i + " failed: " + error);
        }
        call("ADD").run().good();
    }

    /** DEL is not told what ADD was asked for, and perhaps finds only a part of it. */
    @ParameterizedTest
    @ValueSource(strings = {"", CALI, IFB})
    void delNeedsNoConfiguration(String missing) throws IOException {
        call("ADD").run().good();
        if (!missing.isEmpty()) {
            apply(new Batch().deleteLink(missing));
        }
        for (int i = 0; i < 2; i++) {
            node.call("DEL").with("CNI_NETNS", "").with("CNI_ARGS", "").run().good();
            assertEquals(empty, node.everything());
        }
    }

    @Test
    void gcRemovesWhatIsNotValidAndNothingElse() throws IOException {
        call("ADD").run().good();
        node.namespaces.at("/run/netns/b");
        call("ADD").container("c2", "web-1", "/run/netns/b").run().good();
        assertEquals(4, node.hostLinks().size());
        gc("[{\"containerID\": \"c1\", \"ifname\": \"eth0\"}]");
        assertEquals(List.of(CALI, IFB), node.hostLinks());
        apply(new Batch().deleteLink(CALI));
        gc("[]");
        assertEquals(List.of(), node.hostLinks());
    }

    /** An ADD that was killed leaves the device without a mark and down; a device of somebody else's is never like that. */
    @Test
    void leftoversOfAKilledAddAreRemoved() throws IOException {
        create(IFB, "ifb");
        gc("[]");
        assertEquals(empty, node.everything());
        create(IFB, "ifb");
        call("ADD").run().good();
        assertEquals(List.of(CALI, IFB), node.hostLinks());
    }

    @Test
    void devicesOfOthersAreLeftAlone() throws IOException {
        create("ifb0", "ifb");
        create("ifb0123456789ab", "ifb");
        apply(new Batch()
                .setLink(LinkChange.of("ifb0123456789ab").withAlias("theirs").withUp(true)));
        gc("[]");
        assertEquals(List.of("ifb0", "ifb0123456789ab"), node.hostLinks());
        create(IFB, "dummy");
        String error = call("ADD").run().error();
        assertEquals("999 link " + IFB + " is in the way: it is of type dummy and not this pod's", error);
        assertEquals(List.of(), node.leases());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                CALI + " | interface " + CALI + " has no tbf rate 1000000",
                IFB + " | interface " + IFB + " has no tbf rate 2000000",
                "device | interface " + IFB + ", which limits what the container sends, is missing on the node",
                "down | interface " + IFB + " on the node is down",
                "filter | what comes in by " + CALI + " from 10.1.2.2 does not go through " + IFB,
                "rate | interface " + CALI + " has tbf rate 1000001",
            })
    void checkTellsWhatIsWrong(String broken, String expected) throws IOException {
        JsonNode result = call("ADD").run().good().json();
        int cali = index(CALI);
        Qdisc.Tbf other = new Qdisc.Tbf(1_000_001, 200_000, 156_072);
        apply(
                switch (broken) {
                    case CALI -> new Batch().deleteQdisc(Qdisc.root(cali, other));
                    case IFB -> new Batch().deleteQdisc(Qdisc.root(index(IFB), other));
                    case "device" -> new Batch().deleteLink(IFB);
                    case "down" -> new Batch().setLink(LinkChange.of(IFB).withUp(false));
                    case "filter" ->
                        new Batch().deleteFilters(Filter.redirect(cali, 2, IpAddress.parse("10.1.2.2"), index(IFB)));
                    default -> new Batch().replaceQdisc(Qdisc.root(cali, other));
                });
        String error = call("CHECK").conf("prevResult", result).run().error();
        assertTrue(error.startsWith("999 " + expected), error);
    }

    /** A packet that is larger than the burst would never pass. */
    @Test
    void burstThatIsLessThanAPacketIsRefused() throws IOException {
        for (String key : List.of("ingress", "egress")) {
            String limit = "{\"bandwidth\": {\"" + key + "Rate\": 1000000, \"" + key + "Burst\": %d}}";
            String error = node.call("ADD")
                    .conf("mtu", 1400)
                    .json("runtimeConfig", limit.formatted(11_311))
                    .run()
                    .error();
            assertEquals(
                    "7 network config key \"runtimeConfig.bandwidth." + key
                            + "Burst\" is less than a packet of MTU 1400 takes: 11311 bits, not 11312",
                    error);
            assertEquals(empty, node.everything());
            node.call("ADD")
                    .conf("mtu", 1400)
                    .json("runtimeConfig", limit.formatted(11_312))
                    .run()
                    .good();
            node.call("DEL").run().good();
        }
    }

    @Test
    void withoutLimitsNothingIsAsked() throws IOException {
        node.call("ADD")
                .json("runtimeConfig", "{\"bandwidth\": {\"ingressRate\": 0, \"egressRate\": 0}}")
                .run()
                .good();
        assertFalse(node.namespaces.kernel.requests().toString().contains("qdisc"));
        assertEquals(List.of(CALI), node.hostLinks());
    }

    private void gc(String valid) throws IOException {
        node.call("GC").json("cni.dev/valid-attachments", valid).run().good();
    }

    private void create(String name, String kind) throws NetlinkException {
        try (Rtnl rtnl = node.namespaces.host()) {
            rtnl.create(new LinkSpec.Plain(name, null, 1500, kind));
        }
    }

    private int index(String name) throws NetlinkException {
        try (Rtnl rtnl = node.namespaces.host()) {
            return Objects.requireNonNull(rtnl.link(name)).index();
        }
    }

    private void apply(Batch batch) throws NetlinkException {
        try (Rtnl rtnl = node.namespaces.host()) {
            rtnl.apply(batch);
        }
    }
}
