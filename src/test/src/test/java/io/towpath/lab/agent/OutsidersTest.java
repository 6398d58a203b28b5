package io.towpath.lab.agent;

import static io.towpath.lab.agent.PolicyLab.assertConnects;
import static io.towpath.lab.agent.PolicyLab.awaitConnects;
import static io.towpath.lab.agent.PolicyLab.connects;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import io.towpath.lab.WhoAmI;
import io.towpath.lab.api.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Policies and those who are no pods: a host beside the nodes, and the nodes themselves. */
@OnLab
class OutsidersTest {
    private static final int PORT = 80;
    private static final int HOST_PORT = 8080;
    private static final int NODES_PORT = 9090;
    private static final String MAPPING = "[{'hostPort': 8080, 'containerPort': 80, 'protocol': 'tcp'}]";

    /** Two addresses of the host, of which the policy leaves the second out, by family. */
    private static final List<List<String>> HOST =
            List.of(List.of("192.168.50.77", "192.168.50.78"), List.of("2001:db8:50::77", "2001:db8:50::78"));

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final Node a = lab.a;
    private final Node b = lab.b;
    private final Pod web = lab.pod(a, "web", "web", Map.of("portMappings", MAPPING));
    private final Namespace host =
            lab.host("host", HOST.stream().flatMap(List::stream).toList());

    OutsidersTest() {
        web.serve(PORT, "web");
        for (int family = 0; family < 2; family++) {
            host.ip("route add " + a.slices().get(family) + " via "
                    + a.addresses().get(family));
        }
    }

    private void let(String... blocks) {
        StringBuilder from = new StringBuilder();
        for (String block : blocks) {
            from.append("\n        - ipBlock: {").append(block).append('}');
        }
        lab.api.apply("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: blocks, namespace: lab}
                spec:
                  podSelector: {matchLabels: {role: web}}
                  ingress:
                    - from:\
                """ + from.toString().indent(8).stripTrailing());
    }

    @Test
    void aHostIsLetInByItsBlockAndNotByAnExceptionOfIt() {
        for (int family = 0; family < 2; family++) {
            for (String source : HOST.get(family)) {
                awaitConnects(true, host, source, web.addresses().get(family), PORT);
            }
        }
        let(
                "cidr: 192.168.50.0/24, except: [192.168.50.78/32]",
                "cidr: 2001:db8:50::/64, except: ['2001:db8:50::78/128']");
        assertOnlyTheFirstIsLetIn();
        let("cidr: 198.51.100.0/24");
        awaitConnects(false, host, HOST.getFirst().getFirst(), web.address(), PORT);
        lab.api.delete(Kind.NETWORK_POLICY, "lab", "blocks");
        awaitConnects(true, host, HOST.getFirst().getLast(), web.address(), PORT);
    }

    private void assertOnlyTheFirstIsLetIn() {
        for (int family = 0; family < 2; family++) {
            String pod = web.addresses().get(family);
            String node = a.addresses().get(family);
            String first = HOST.get(family).getFirst();
            String second = HOST.get(family).getLast();
            awaitConnects(false, host, second, pod, PORT);
            // By the host port, policies see the same: who asks, and the pod.
            assertFalse(connects(host, second, node, HOST_PORT));
            assertConnects(host, first, pod, PORT);
            assertConnects(host, first, node, HOST_PORT);
        }
    }

    @Test
    void aNodeReachesItsOwnPodsAlwaysAndAnothersAsItsBlocksSay() {
        let("cidr: 198.51.100.0/24");
        for (int family = 0; family < 2; family++) {
            String pod = web.addresses().get(family);
            String own = a.addresses().get(family);
            String other = b.addresses().get(family);
            String overlay = overlay(b, family);
            awaitConnects(false, b.namespace(), overlay, pod, PORT);
            assertFalse(connects(b.namespace(), other, own, HOST_PORT));
            assertConnects(a.namespace(), own, pod, PORT);
            assertConnects(a.namespace(), own, own, HOST_PORT);
        }
        assertConnects(a.namespace(), "127.0.0.1", "127.0.0.1", HOST_PORT);
        // To host ports the other node comes by its address, to pods by its address in the overlay.
        let("cidr: " + b.address() + "/32", "cidr: '" + b.addresses().getLast() + "/128'");
        for (int family = 0; family < 2; family++) {
            String overlay = overlay(b, family);
            awaitConnects(
                    true,
                    b.namespace(),
                    b.addresses().get(family),
                    a.addresses().get(family),
                    HOST_PORT);
            assertFalse(connects(b.namespace(), overlay, web.addresses().get(family), PORT));
        }
        let("cidr: 10.244.2.0/32", "cidr: 'fd00:10:244:2::/128'");
        for (int family = 0; family < 2; family++) {
            String overlay = overlay(b, family);
            awaitConnects(true, b.namespace(), overlay, web.addresses().get(family), PORT);
        }
    }

    @Test
    void whatIsToldOfANodeIsOfTheAddressThatItsPacketsHave() {
        let("cidr: " + b.address() + "/32", "cidr: '" + b.addresses().getLast() + "/128'");
        for (int family = 0; family < 2; family++) {
            String overlay = overlay(b, family);
            awaitConnects(false, b.namespace(), overlay, web.addresses().get(family), PORT);
            String name = "node b in the overlay (" + overlay + ")";
            String address = b.addresses().get(family);
            String why = policy("explain", address, "lab/web", "80").exited(1).out();
            assertTrue(why.startsWith("denied: " + name + " to lab/web ("), why);
            assertTrue(why.contains("by a host port of node a it comes from " + address + " and is allowed\n"), why);
            Await.until(
                    name + " is told",
                    () -> policy("log", "--pod", "lab/web").succeeded().out().contains(name + " to lab/web ("));
            String own = policy("explain", a.addresses().get(family), "lab/web", "80")
                    .succeeded()
                    .out();
            assertTrue(own.startsWith("allowed: node a (" + a.addresses().get(family) + ") to lab/web ("), own);
        }
        String seen =
                policy("explain", "lab/web", b.address(), "80").succeeded().out();
        assertTrue(seen.contains("see it come from " + a.address() + ", the address of node a\n"), seen);
    }

    private Command.Outcome policy(String... words) {
        return lab.agent.operator(
                Stream.concat(Stream.of("policy"), Stream.of(words)).toArray(String[]::new));
    }

    /** An example of conf's README, for the pods here. */
    private static String example(String name) throws IOException {
        String readme = Files.readString(Path.of(System.getProperty("towpath.conf", "../../conf"), "README.md"));
        for (String part : readme.split("```", -1)) {
            if (part.startsWith("yaml\n") && part.contains("name: " + name + ",")) {
                return part.substring(part.indexOf('\n') + 1).replace("namespace: shop", "namespace: lab");
            }
        }
        throw new AssertionError("no example " + name + " in\n" + readme);
    }

    @Test
    void theReadmesBlocksLetANodeIn() throws IOException {
        let("cidr: 198.51.100.0/24");
        for (int family = 0; family < 2; family++) {
            awaitConnects(
                    false, b.namespace(), overlay(b, family), web.addresses().get(family), PORT);
        }
        lab.api.apply(example("from-nodes"));
        for (int family = 0; family < 2; family++) {
            awaitConnects(
                    true, b.namespace(), overlay(b, family), web.addresses().get(family), PORT);
            awaitConnects(
                    true,
                    b.namespace(),
                    b.addresses().get(family),
                    a.addresses().get(family),
                    HOST_PORT);
            assertFalse(
                    connects(host, HOST.get(family).getFirst(), web.addresses().get(family), PORT));
        }
    }

    @Test
    void theReadmesBlocksKeepAPodFromNodes() throws IOException {
        Pod far = lab.pod(b, "far");
        far.serve(PORT, "far");
        for (Node node : List.of(a, b)) {
            WhoAmI.serve(node.namespace(), NODES_PORT);
        }
        for (int family = 0; family < 2; family++) {
            for (Node node : List.of(a, b)) {
                for (String address : List.of(node.addresses().get(family), overlay(node, family))) {
                    awaitConnects(true, web.namespace(), web.addresses().get(family), address, NODES_PORT);
                }
            }
        }
        lab.api.apply(example("not-to-nodes"));
        for (int family = 0; family < 2; family++) {
            String source = web.addresses().get(family);
            for (Node node : List.of(a, b)) {
                for (String address : List.of(node.addresses().get(family), overlay(node, family))) {
                    awaitConnects(false, web.namespace(), source, address, NODES_PORT);
                }
            }
            assertConnects(web.namespace(), source, far.addresses().get(family), PORT);
        }
    }

    private static String overlay(Node node, int family) {
        return node.slices().get(family).replaceFirst("/.*", "");
    }
}
