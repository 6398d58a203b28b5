package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Transaction;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Ipv4Devconf;
import io.towpath.netlink.rtnl.LinkChange;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
    private static final Table TABLE = Table.inet("towpath-hostports");
    private static final String CALI = "cali0d7763386da";
    private static final String OTHER_POD = "/run/netns/b";

    @TempDir
    private Path disk;

    private TestNode node;
    private List<String> empty;

    @BeforeEach
    void setUp() throws IOException {
        node = new TestNode(disk);
        node.namespaces.at(OTHER_POD);
        empty = node.everything();
        node.namespaces.kernel.forgetRequests();
    }

    private TestNode.Call call(String verb, String... ports) throws IOException {
        List<String> mappings = new ArrayList<>();
        for (String port : ports) {
            mappings.add("{\"hostPort\": " + port + ", \"containerPort\": 80}");
        }
        return node.call(verb, TestNode.DUAL).json("runtimeConfig", "{\"portMappings\": " + mappings + "}");
    }

    private TestNode.Call other(String verb, String... ports) throws IOException {
        return call(verb, ports).container("c2", "web-1", OTHER_POD);
    }

    /** The comments of all elements. */
    private List<String> owners() throws NetlinkException {
        return owners(node);
    }

    static List<String> owners(TestNode node) throws NetlinkException {
        List<String> owners = new ArrayList<>();
        try (Nft nft = node.namespaces.nft()) {
            for (NftSet set : nft.sets(TABLE)) {
                // What has no comment is the table's revision.
                for (Element element : nft.elements(set)) {
                    if (!element.comment().isEmpty()) {
                        owners.add(set.name() + " " + element.comment());
                    }
                }
            }
        }
        return owners;
    }

    @Test
    void comesWithAddAndGoesWithDel() throws IOException {
        JsonNode result = call("ADD", "8080").run().good().json();
        assertEquals(
                List.of(
                        "ipv4 towpath/net/c1/eth0",
                        "ipv6 towpath/net/c1/eth0",
                        "hairpin-ipv4 towpath/net/c1/eth0",
                        "hairpin-ipv6 towpath/net/c1/eth0"),
                owners());
        call("CHECK", "8080").conf("prevResult", result).run().good();
        node.call("DEL").run().good();
        assertEquals(List.of(), owners());
        assertEquals(empty, node.everything());
    }

    @Test
    void isUndoneWhateverRequestFails() throws IOException {
        call("ADD", "8080").run().good();
        int requests = node.namespaces.kernel.requests().size();
        call("DEL").run().good();
        for (int i = 0; i < requests; i++) {
            deleteTable();
            node.namespaces.kernel.forgetRequests();
            node.namespaces.kernel.failRequest(i, Errno.EPERM);
            String error = call("ADD", "8080").run().error();
            node.namespaces.kernel.heal();
            assertTrue(error.contains("EPERM"), error);
            assertEquals(empty, node.everything(), "request " + i + " failed: " + error);
            assertEquals(List.of(), owners(), "request " + i + " failed: " + error);
        }
        call("ADD", "8080").run().good();
    }

    private void deleteTable() throws NetlinkException {
        try (Nft nft = node.namespaces.nft()) {
            nft.commit(new Transaction().add(TABLE).delete(TABLE));
        }
    }

    @Test
    void aPortThatIsTakenIsRefusedAndAllUndone() throws IOException {
        call("ADD", "8080").run().good();
        List<String> before = node.everything();
        List<String> owners = owners();
        assertEquals(
                "100 host port tcp 0.0.0.0:8080 is taken by attachment towpath/net/c1/eth0",
                other("ADD", "8079", "8080").run().error());
        assertEquals(before, node.everything());
        assertEquals(owners, owners());
        other("DEL").run().good();
        call("DEL").run().good();
        other("ADD", "8079", "8080").run().good();
    }

    /** What is in the table is one attachment's, and nobody else is in the way of it. */
    private void assertNewestHasIt(String container) throws IOException {
        List<String> now = owners();
        assertTrue(now.stream().allMatch(owner -> owner.endsWith("/" + container + "/eth0")), now::toString);
        assertEquals(4, now.size());
    }

    /** The old pod's link goes with its namespace; its DEL is late, or never comes. */
    @Test
    void thePortOfAPodWhoseNamespaceIsGoneIsFree() throws IOException {
        call("ADD", "8080").run().good();
        node.namespaces.delete(TestNode.POD);
        JsonNode result = other("ADD", "8080").run().good().json();
        assertNewestHasIt("c2");
        call("DEL").run().good();
        assertNewestHasIt("c2");
        other("CHECK", "8080").conf("prevResult", result).run().good();
    }

    private TestNode.Call withAgent(TestNode.Call call) throws IOException {
        return call.json("policy", "{\"type\": \"k8s\", \"socket\": \"" + socket() + "\", \"waitSeconds\": 20}");
    }

    private Path socket() {
        return disk.resolve("agent.sock");
    }

    /** An agent for which all policies are in force, and that answers so when asked for a pod. */
    private TestAgent agent(String answer) throws IOException {
        return new TestAgent(socket(), question -> question.startsWith("POST ") ? TestAgent.IN_FORCE : answer);
    }

    /** The old pod's containers run on for a while, and it holds its link and its lease. */
    @Test
    void theNewestHasThePortOfAPodThatIsDeleted() throws IOException {
        JsonNode old = call("ADD", "8079", "8080").run().good().json();
        List<String> links = node.hostLinks();
        try (TestAgent agent = agent(TestAgent.http("410 Gone", "the API has no such pod\n"))) {
            JsonNode result = withAgent(other("ADD", "8080")).run().good().json();
            assertNewestHasIt("c2");
            assertTrue(node.hostLinks().containsAll(links));
            assertEquals(2, agent.questions.size(), agent.questions::toString);
            String asked = agent.questions.getLast();
            assertTrue(asked.startsWith("GET /policy/pods?link=" + CALI + " HTTP/1.1\r\n"), asked);
            String error =
                    call("CHECK", "8079", "8080").conf("prevResult", old).run().error();
            assertTrue(error.contains("host port table lacks"), error);
            gc("[{\"containerID\": \"c2\", \"ifname\": \"eth0\"}]");
            assertNewestHasIt("c2");
            call("DEL").run().good();
            assertNewestHasIt("c2");
            other("CHECK", "8080").conf("prevResult", result).run().good();
        }
    }

    /** The agent knows the pod, does not know, enforces nothing, is older than the question, ends, or is no agent. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\n\r\ndefault/web-0\n",
                "HTTP/1.1 503 Service Unavailable\r\n\r\nnot known\n",
                "HTTP/1.1 404 Not Found\r\n\r\nthere is no such page\n",
                "HTTP/1.1 410",
                "",
                "410 Gone",
            })
    void aPodThatMayLiveKeepsItsPort(String answer) throws IOException {
        call("ADD", "8080").run().good();
        List<String> before = node.everything();
        List<String> owners = owners();
        try (TestAgent agent = agent(answer)) {
            assertEquals(
                    "100 host port tcp 0.0.0.0:8080 is taken by attachment towpath/net/c1/eth0",
                    withAgent(other("ADD", "8080")).run().error());
            assertEquals(2, agent.questions.size(), agent.questions::toString);
        }
        assertEquals(before, node.everything());
        assertEquals(owners, owners());
    }

    /** The agent knows pods by the names of links that are made of theirs. */
    @ParameterizedTest
    @ValueSource(strings = {"CNI_ARGS", "CNI_IFNAME", "CNI_CONTAINERID"})
    void nobodyIsAskedForWhatIsNoPods(String variable) throws IOException {
        String value = switch (variable) {
            case "CNI_ARGS" -> "";
            case "CNI_IFNAME" -> "net1";
            default -> "c".repeat(65);
        };
        call("ADD", "8080").with(variable, value).run().good();
        try (TestAgent agent = agent(TestAgent.http("410 Gone", "the API has no such pod\n"))) {
            String error = withAgent(other("ADD", "8080")).run().error();
            assertTrue(error.startsWith("100 host port tcp 0.0.0.0:8080 is taken by attachment"), error);
            assertEquals(1, agent.questions.size(), agent.questions::toString);
        }
    }

    /** The leases of another network are unknown here; the link and the agent tell of its pods all the same. */
    @Test
    void aPodOfAnotherNetworkHasItsPortAsLongAsItIsThere() throws IOException {
        node.call("ADD", "\"subnet\": \"10.1.3.0/24\"")
                .conf("name", "net2")
                .json("runtimeConfig", "{\"portMappings\": [{\"hostPort\": 8080, \"containerPort\": 80}]}")
                .run()
                .good();
        assertEquals(
                "100 host port tcp 0.0.0.0:8080 is taken by attachment towpath/net2/c1/eth0",
                other("ADD", "8080").run().error());
        try (TestAgent _ = agent(TestAgent.http("410 Gone", "the API has no such pod\n"))) {
            withAgent(other("ADD", "8080")).run().good();
            assertNewestHasIt("c2");
        }
    }

    private boolean hasAskedForPorts() {
        return node.namespaces.kernel.requests().toString().contains("generation show");
    }

    /** A pod without ports must not pay for those that have some. */
    @Test
    void aPodWithoutPortsAsksNothingOfTheTable() throws IOException {
        node.namespaces.kernel.forgetRequests();
        for (String config : List.of("{}", "{\"portMappings\": []}", "{\"portMappings\": null}")) {
            JsonNode result =
                    node.call("ADD").json("runtimeConfig", config).run().good().json();
            node.call("CHECK")
                    .json("runtimeConfig", config)
                    .conf("prevResult", result)
                    .run()
                    .good();
            node.call("DEL").run().good();
            assertFalse(hasAskedForPorts());
        }
        // Where no link tells, the table must.
        node.call("DEL").run().good();
        assertTrue(hasAskedForPorts());
    }

    /** The pod's namespace may be gone, and with it the link; or a strange hand took away what the link tells. */
    @ParameterizedTest
    @ValueSource(strings = {"", "link", "alias", "table"})
    void delNeedsNoConfiguration(String missing) throws IOException {
        call("ADD", "8080").run().good();
        try (Rtnl rtnl = node.namespaces.host()) {
            switch (missing) {
                case "link" -> rtnl.apply(new Batch().deleteLink(CALI));
                case "alias" ->
                    rtnl.apply(new Batch().setLink(LinkChange.of(CALI).withAlias("strange")));
                case "table" -> deleteTable();
                default -> {}
            }
        }
        for (int i = 0; i < 2; i++) {
            node.call("DEL").with("CNI_NETNS", "").with("CNI_ARGS", "").run().good();
            assertEquals(List.of(), owners());
            assertEquals(List.of(), node.leases());
        }
    }

    /** EINVAL is what nfnetlink says if nobody has registered for nftables. */
    @Test
    void delAndGcNeedNoKernelWithNftables() throws IOException {
        for (String verb : List.of("DEL", "GC")) {
            TestNode.Call call = call(verb).json("cni.dev/valid-attachments", "[]");
            node.namespaces.kernel.forgetRequests();
            call.run().good();
            List<String> requests = node.namespaces.kernel.requests().stream()
                    .map(Object::toString)
                    .toList();
            for (String question : List.of("generation", "chain")) {
                int asked = requests.indexOf(requests.stream()
                        .filter(request -> request.contains(question))
                        .findFirst()
                        .orElseThrow());
                node.namespaces.kernel.forgetRequests();
                node.namespaces.kernel.failRequest(asked, Errno.EINVAL);
                call.run().good();
                node.namespaces.kernel.heal();
            }
        }
    }

    /** As much as can be is done, but no other pod gets the address that a port leads to. */
    @Test
    void delThatCannotCloseThePortsKeepsTheLease() throws IOException {
        call("ADD", "8080").run().good();
        node.namespaces.kernel.forgetRequests();
        call("DEL").run().good();
        int deletion = 0;
        while (!node.namespaces.kernel.requests().get(deletion).toString().contains("element delete")) {
            deletion++;
        }
        call("ADD", "8080").run().good();
        List<String> leases = node.leases();
        node.namespaces.kernel.forgetRequests();
        node.namespaces.kernel.failRequest(deletion, Errno.ENOMEM);
        String error = call("DEL").run().error();
        node.namespaces.kernel.heal();
        assertTrue(error.contains("ENOMEM"), error);
        assertEquals(List.of(), node.hostLinks());
        assertEquals(leases, node.leases());
        call("DEL").run().good();
        assertEquals(List.of(), owners());
        assertEquals(List.of(), node.leases());
    }

    @Test
    void gcRemovesWhatIsNotValidAndNothingElse() throws IOException {
        call("ADD", "8080").run().good();
        other("ADD", "8081").run().good();
        node.call("ADD", "\"subnet\": \"10.1.3.0/24\"")
                .conf("name", "net2")
                .json("runtimeConfig", "{\"portMappings\": [{\"hostPort\": 8082, \"containerPort\": 80}]}")
                .container("c3", "web-2", "/run/netns/c")
                .with("CNI_NETNS", namespace("/run/netns/c"))
                .run()
                .good();
        gc("[{\"containerID\": \"c2\", \"ifname\": \"eth0\"}]");
        assertTrue(owners().stream().noneMatch(owner -> owner.contains("/c1/")), owners()::toString);
        gc("[]");
        assertEquals(List.of("ipv4 towpath/net2/c3/eth0", "hairpin-ipv4 towpath/net2/c3/eth0"), owners());
    }

    private String namespace(String path) {
        node.namespaces.at(path);
        return path;
    }

    private void gc(String valid) throws IOException {
        node.call("GC").json("cni.dev/valid-attachments", valid).run().good();
    }

    /** A pod that comes again under its name takes its ports along, though the old one's DEL is late. */
    @Test
    void aRecreatedPodHasItsPortAgain() throws IOException {
        call("ADD", "8080").run().good();
        call("ADD", "8080").container("c2", "web-0", OTHER_POD).run().good();
        assertTrue(owners().stream().allMatch(owner -> owner.endsWith("/c2/eth0")), owners()::toString);
        List<String> before = owners();
        call("DEL").run().good();
        assertEquals(before, owners());
    }

    @Test
    void checkTellsWhatIsWrong() throws IOException {
        JsonNode result = call("ADD", "8080").run().good().json();
        try (Rtnl rtnl = node.namespaces.host();
                Nft nft = node.namespaces.nft()) {
            rtnl.apply(new Batch().setLink(LinkChange.of(CALI).with(Ipv4Devconf.ROUTE_LOCALNET, 0)));
            assertCheckTells(result, "setting ROUTE_LOCALNET of interface " + CALI + " on the node is 0, not 1");
            nft.commit(new Transaction().flush(NftSet.set(TABLE, "hairpin-ipv4")));
            assertCheckTells(result, "host port table lacks hairpin-ipv4");
            rtnl.apply(new Batch().setLink(LinkChange.of(CALI).withAlias("towpath/net/c1/eth0")));
            assertCheckTells(result, "the alias of interface " + CALI + " on the node does not tell of host ports");
        }
    }

    private void assertCheckTells(JsonNode result, String what) throws IOException {
        String error = call("CHECK", "8080").conf("prevResult", result).run().error();
        assertTrue(error.contains(what), error);
    }
}
