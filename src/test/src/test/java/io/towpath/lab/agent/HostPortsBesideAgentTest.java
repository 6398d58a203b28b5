package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.towpath.lab.Lab;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Plugin;
import io.towpath.lab.Pod;
import io.towpath.lab.WhoAmI;
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

    @ParameterizedTest
    @ValueSource(strings = {"tcp", "udp"})
    void leadsToThePodFromEverywhereAndThePodSeesWhoAsks(String protocol) {
        a.agent().start().awaitReady();
        b.agent().start().awaitReady();
        Pod web = a.pod("web");
        String mapping = "[{'hostPort': 8080, 'containerPort': " + PORT + ", 'protocol': '" + protocol + "'}]";
        web.conf(web.conf().runtimeConfig(Map.of("portMappings", mapping))).add();
        Pod neighbour = a.pod("neighbour").add();
        Pod far = b.pod("far").add();
        WhoAmI.serve(web.namespace(), PORT);
        for (int family = 0; family < 2; family++) {
            String node = a.addresses().get(family);
            assertEquals(b.addresses().get(family), WhoAmI.ask(b.namespace(), protocol, node, 8080));
            assertEquals(node, WhoAmI.ask(a.namespace(), protocol, node, 8080));
            assertEquals(neighbour.addresses().get(family), WhoAmI.ask(neighbour.namespace(), protocol, node, 8080));
            assertEquals(far.addresses().get(family), WhoAmI.ask(far.namespace(), protocol, node, 8080));
            assertNotEquals(web.addresses().get(family), WhoAmI.ask(web.namespace(), protocol, node, 8080));
        }
        assertNotEquals("127.0.0.1", WhoAmI.ask(a.namespace(), protocol, "127.0.0.1", 8080));
        web.del();
    }
}
