package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.policy.compile.Compiler;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.nft.PolicyOptions;
import io.towpath.policy.nft.PolicyTable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A policy that keeps pods from nodes, from the objects of the API to packets of a pod to its own node, by all addresses it has. */
@NeedsRoot
class NodesDenyKernelTest {
    private static final String LINK = "cali0123456789a";
    private static final String MAC = "ee:ee:ee:ee:ee:ee";
    private static final List<String> POD = List.of("10.64.2.5", "fd00:1:0:2::5");

    /** Of the status, of the VXLAN devices, and of the pod's gateway. */
    private static final List<String> NODE =
            List.of("192.168.0.2", "fd00:9::2", "10.64.2.0", "fd00:1:0:2::", "fe80::ecee:eeff:feee:eeee%eth0");

    private final TestNamespace node = new TestNamespace();
    private final TestNamespace pod = new TestNamespace();

    @BeforeEach
    void connect() {
        node.execute("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
        pod.execute("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0");
        String netNs = pod.path().substring(pod.path().lastIndexOf('/') + 1);
        node.ip("link", "add", LINK, "address", MAC, "type", "veth", "peer", "name", "eth0", "netns", netNs);
        node.ip("link", "set", LINK, "up");
        node.ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472");
        for (String address : NODE.subList(0, 4)) {
            node.ip("address", "add", address, "dev", "flannel.1");
        }
        node.ip("link", "set", "flannel.1", "up");
        pod.ip("link", "set", "eth0", "up");
        for (String address : POD) {
            pod.ip("address", "add", address, "dev", "eth0");
            node.ip("route", "add", address, "dev", LINK);
        }
        pod.ip("neighbour", "add", "169.254.1.1", "lladdr", MAC, "dev", "eth0");
        pod.ip("route", "add", "default", "via", "169.254.1.1", "dev", "eth0", "onlink");
        pod.ip("route", "add", "default", "via", "fe80::ecee:eeff:feee:eeee", "dev", "eth0");
        node.execute(
                "nft",
                "add table inet witness; add chain inet witness in { type filter hook input priority 300; };"
                        + " add rule inet witness in iifname " + LINK + " icmp type echo-request counter;"
                        + " add rule inet witness in iifname " + LINK + " icmpv6 type echo-request counter");
    }

    @AfterEach
    void remove() {
        pod.close();
        node.close();
    }

    private void ping(String address) {
        String source = POD.get(address.contains(":") ? 1 : 0);
        pod.execute("sh", "-c", "ping -c 1 -W 0.3 -n -I " + source + " " + address + " >&2; true");
    }

    /** How many packets of the pod have come to its node. */
    private long come() {
        return node.execute("nft", "list", "chain", "inet", "witness", "in")
                .lines()
                .filter(line -> line.contains("packets"))
                .mapToLong(line -> Long.parseLong(line.replaceFirst(".*packets (\\d+).*", "$1")))
                .sum();
    }

    private static Facts facts() {
        var object = Nodes.bare("self", 2);
        object.withObject("/spec").withArray("/podCIDRs").add("fd00:1:0:2::/64");
        object.withObject("/status").set("addresses", Manifests.json("""
                {l: [{type: 'InternalIP', address: '192.168.0.2'}, {type: 'InternalIP', address: 'fd00:9::2'}]}
                """).path("l"));
        NodeFact self = new NodeFactReader("self").read(Nodes.read(object));
        ClusterPolicyFact deny = new ClusterPolicyReader(new PolicyJson())
                .read(Manifests.read(Manifests.clusterPolicy("no-nodes", """
                        {tier: 'Admin', priority: 1, subject: {namespaces: {}},
                         egress: [{action: 'Deny', to: [{nodes: {}}]}]}
                        """), KubeClusterPolicy.class));
        PodFact own = new PodFact(
                "default", "a", Map.of(), POD.stream().map(IpAddress::parse).toList(), List.of(), "self");
        return new Facts(
                List.of(own),
                List.of(new NamespaceFact("default", Map.of())),
                List.of(self),
                List.of(),
                List.of(Objects.requireNonNull(deny)));
    }

    @Test
    void aPodThatIsKeptFromNodesReachesItsOwnByNoAddress() throws Exception {
        NODE.forEach(this::ping);
        assertEquals(NODE.size(), come(), "without the policy they come, or this test shows nothing");
        try (NetNs netNs = node.open();
                TableManager tables = TableManager.open(netNs, remake -> {
                    throw new AssertionError(remake);
                })) {
            PolicyTable table = new PolicyTable(tables, PolicyOptions.silent(), () -> {});
            Facts facts = facts();
            LocalEndpoint endpoint = new LocalEndpoint(
                    "default", "a", LINK, facts.pods().getFirst().addresses());
            table.sync(new Compiler().compile(facts, List.of(endpoint)).ruleset());
            for (String address : NODE) {
                long before = table.dropped().egress();
                ping(address);
                assertTrue(table.dropped().egress() > before, () -> address + " is not denied");
            }
            assertEquals(NODE.size(), come());
        }
    }
}
