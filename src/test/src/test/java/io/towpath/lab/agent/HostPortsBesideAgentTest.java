package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.WhoAmI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The agent's table masquerades and guards the overlay; the host ports' is another. Neither is in the other's way. */
@OnLab
class HostPortsBesideAgentTest {
    private static final int PORT = 80;

    @AutoClose
    private final Lab lab = new Lab(Plugin.towpath()).families(true, true).withNodes("a", "b");

    private final Node a = lab.node("a");
    private final Node b = lab.node("b");

    /** The lines of the host ports' table without its revision, sorted, as elements are listed in the order in which they came. */
    private List<String> table() {
        return List.of(a.namespace()
                        .run("nft", "list table inet towpath-hostports")
                        .split("[\\n,]"))
                .stream()
                .map(line -> line.replaceFirst("0x\\p{XDigit}+", "0x").strip())
                .sorted()
                .toList();
    }

    /** As a firewall does that is started anew. */
    @ParameterizedTest
    @ValueSource(strings = {"flush ruleset", "delete table inet towpath-hostports"})
    void theAgentPutsBackWhatIsDeleted(String change) {
        Agent agent = a.agent().start().awaitReady();
        b.agent().start().awaitReady();
        Pod web = with(a.pod("web"), 8080, "tcp").add();
        Pod gone = with(a.pod("gone"), 8081, "tcp").add();
        WhoAmI.serve(web.namespace(), PORT);
        gone.del();
        List<String> whole = table();
        for (int i = 0; i < 2; i++) {
            a.namespace().run("nft", change);
            Await.until(
                    "the ports are back",
                    () -> a.namespace().run("nft", "list ruleset").contains("8080"));
            assertEquals(whole, table());
            for (int family = 0; family < 2; family++) {
                String other = b.addresses().get(family);
                assertEquals(
                        other, WhoAmI.ask(b.namespace(), "tcp", a.addresses().get(family), 8080));
            }
        }
        Await.until("it says so", () -> agent.log().contains("host ports repaired"));
        web.del();
        assertFalse(table().toString().contains("8080"));
    }

    private static Pod with(Pod pod, int port, String protocol) {
        String mapping = "[{'hostPort': " + port + ", 'containerPort': " + PORT + ", 'protocol': '" + protocol + "'}]";
        return pod.conf(pod.conf().runtimeConfig(Map.of("portMappings", mapping)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void leadsToThePodFromEverywhereAndThePodSeesWhoAsks(String protocol) {
        seesWhoAsks(protocol, false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void thePodSeesPodsOfOtherNodesWhereTheirSourcesAreKept(String protocol) {
        seesWhoAsks(protocol, true);
    }

    private void seesWhoAsks(String protocol, boolean isSourceKept) {
        for (Node node : List.of(a, b)) {
            Agent agent = node.agent();
            (isSourceKept ? agent.with("--masquerade-nodes=false") : agent)
                    .start()
                    .awaitReady();
        }
        Pod web = with(a.pod("web"), 8080, protocol).add();
        Pod neighbour = a.pod("neighbour").add();
        Pod far = b.pod("far").add();
        WhoAmI.serve(web.namespace(), PORT);
        for (int family = 0; family < 2; family++) {
            String node = a.addresses().get(family);
            assertEquals(b.addresses().get(family), WhoAmI.ask(b.namespace(), protocol, node, 8080));
            assertEquals(node, WhoAmI.ask(a.namespace(), protocol, node, 8080));
            assertEquals(neighbour.addresses().get(family), WhoAmI.ask(neighbour.namespace(), protocol, node, 8080));
            // A pod of another node comes as its node does, as with flannel.
            String seen = (isSourceKept ? far.addresses() : b.addresses()).get(family);
            assertEquals(seen, WhoAmI.ask(far.namespace(), protocol, node, 8080));
            assertNotEquals(web.addresses().get(family), WhoAmI.ask(web.namespace(), protocol, node, 8080));
        }
        assertNotEquals("127.0.0.1", WhoAmI.ask(a.namespace(), protocol, "127.0.0.1", 8080));
        web.del();
    }
}
