package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.agent.http.Endpoints;
import io.towpath.agent.http.Serving;
import io.towpath.agent.log.Log;
import io.towpath.agent.policy.PolicyController;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.Heartbeat;
import io.towpath.agent.status.StatusJson;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.PolicyOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the lists of endpoints and policies show of a node with a web server, a database and a link of nobody. */
@NeedsRoot
class AppliedPoliciesKernelTest extends CliScene {
    private static final String WEB = EndpointName.hostName("shop", "web", "", "eth0");
    private static final String DB = EndpointName.hostName("shop", "db", "", "eth0");
    private static final int LOG_GROUP = 7;
    private static final String NOBODY = "cali00000000000";

    private final Log log = new Log(System.err, Log.Form.TEXT, Log.Level.ERROR, Clock.systemUTC());
    private final TestNamespace node = new TestNamespace();
    private @Nullable PolicyController started;
    private @Nullable Endpoints serving;

    @BeforeEach
    void begin() throws Exception {
        addLink(WEB, "10.0.0.2");
        addLink(DB, "10.0.0.3");
        addLink(NOBODY, "10.0.0.4");
        start(new PolicyOptions(true, LOG_GROUP, 1, 20));
    }

    private void start(PolicyOptions options) throws Exception {
        node.inside(() -> {
            PolicyController loop = new PolicyController(log, Clock.systemUTC(), board::publish, options);
            serving = agent("agent.sock", loop);
            loop.start();
            started = loop;
        });
    }

    private Endpoints agent(String socket, @Nullable PolicyController policies) throws Exception {
        return Endpoints.open(
                new Serving(new Serving.Port(IpAddress.parse("127.0.0.1"), 0), null, disk.resolve(socket)),
                board,
                List.of(new Heartbeat("reconcile", Duration.ofMinutes(1))),
                policies,
                "1.2.3",
                log);
    }

    @AfterEach
    void close() throws Exception {
        if (serving != null) {
            serving.close();
        }
        loop().close();
        node.close();
    }

    private PolicyController loop() {
        return Objects.requireNonNull(started);
    }

    private void addLink(String link, String address) {
        String inside = "in" + link.substring(4);
        node.ip("link", "add", link, "type", "veth", "peer", "name", inside);
        node.ip("link", "set", inside, "up");
        node.ip("link", "set", link, "up");
        node.ip("route", "add", address, "dev", link);
    }

    private static PodFact pod(String name, String address, String node) {
        return new PodFact("shop", name, Map.of("app", name), List.of(IpAddress.parse(address)), List.of(), node);
    }

    private static PolicyFact policy(String name, String app, List<String> types) {
        return PolicyFact.of("shop", name, Selector.of(Map.of("app", app)), types, List.of(), List.of());
    }

    private void tellAndAwait() {
        ClusterPolicyFact cluster = new ClusterPolicyFact(
                "audit",
                ClusterPolicyFact.Tier.ADMIN,
                7,
                new ClusterPolicyFact.Subject(Selector.EVERYTHING, Selector.EVERYTHING),
                List.of(),
                List.of(new ClusterPolicyFact.Rule(
                        "",
                        ClusterPolicyFact.Action.PASS,
                        List.of(new Peer.Pods(null, Selector.EVERYTHING)),
                        List.of())),
                false);
        loop().policy(new PolicyFacts(
                new Facts(
                        List.of(pod("web", "10.0.0.2", "a"), pod("db", "10.0.0.3", "a"), pod("far", "10.0.9.9", "b")),
                        List.of(new NamespaceFact("shop", Map.of())),
                        List.of(),
                        List.of(
                                policy("db-in", "db", List.of("Ingress")),
                                policy("trial", "db", List.of("Ingress", "Egress"))
                                        .withDryRun(true),
                                policy("far", "far", List.of("Ingress"))),
                        List.of(cluster)),
                Map.of("shop/web", "1", "shop/db", "2")));
        long start = System.nanoTime();
        while (loop().podsByLink().size() < 2 || loop().notInForce() != null) {
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(30), "not in force");
            Thread.onSpinWait();
        }
    }

    private Ran ask(String words) {
        return Ran.of((words + " --socket " + disk.resolve("agent.sock")).split(" ", -1));
    }

    private Path confWithLease() throws Exception {
        Path leases = Files.createDirectories(disk.resolve("leases/net"));
        Path lease = Files.writeString(leases.resolve("10.0.0.2"), "container\r\neth0");
        Files.setLastModifiedTime(lease, FileTime.from(Instant.parse("2026-01-02T03:04:05Z")));
        return conflist();
    }

    @Test
    void endpointsHaveTheirPoliciesByDirection() throws Exception {
        tellAndAwait();
        Ran ran = ask("endpoint list --output json --cni-conf " + confWithLease());
        assertEquals(Cli.OK, ran.code(), ran::err);
        JsonNode endpoints = JSON.readTree(ran.out()).path("endpoints");
        assertEquals(JSON.readTree("""
                [{"namespace": "shop", "pod": "db", "addresses": ["10.0.0.3"], "link": "%s", "inForce": true,
                  "ingress": [{"kind": "NetworkPolicy", "namespace": "shop", "name": "db-in", "dryRun": false},
                              {"kind": "NetworkPolicy", "namespace": "shop", "name": "trial", "dryRun": true}],
                  "egress": [{"kind": "ClusterNetworkPolicy", "namespace": null, "name": "audit", "dryRun": false},
                             {"kind": "NetworkPolicy", "namespace": "shop", "name": "trial", "dryRun": true}],
                  "since": null},
                 {"namespace": "shop", "pod": "web", "addresses": ["10.0.0.2"], "link": "%s", "inForce": true,
                  "ingress": [],
                  "egress": [{"kind": "ClusterNetworkPolicy", "namespace": null, "name": "audit", "dryRun": false}],
                  "since": "2026-01-02T03:04:05Z"},
                 {"namespace": null, "pod": null, "addresses": ["10.0.0.4"], "link": "%s", "inForce": false,
                  "ingress": null, "egress": null, "since": null}]
                """.formatted(DB, WEB, NOBODY)), endpoints);
    }

    @Test
    void endpointsAreATable() throws Exception {
        tellAndAwait();
        Ran ran = ask("endpoint list --cni-conf " + disk.resolve("none"));
        assertEquals("""
                NAMESPACE  POD  ADDRESS   LINK             STATE     INGRESS                EGRESS                         SINCE
                shop       db   10.0.0.3  %s  in force  db-in,trial (dry run)  cluster:audit,trial (dry run)  -
                shop       web  10.0.0.2  %s  in force  any                    cluster:audit                  -
                -          -    10.0.0.4  %s  waiting   -                      -                              -
                since when is not known: there is no conflist %s: name another with --cni-conf
                """.formatted(DB, WEB, NOBODY, disk.resolve("none")), ran.out());
        assertEquals(Cli.OK, ran.code());
    }

    @Test
    void policiesAreThoseOfThisNodesPods() {
        tellAndAwait();
        assertEquals("""
                KIND                  NAMESPACE  NAME   TIER     DIRECTIONS      STATE     DENIED  PODS
                ClusterNetworkPolicy  -          audit  ADMIN/7  egress          enforced  0       shop/db,shop/web
                NetworkPolicy         shop       db-in  -        ingress         enforced  0       shop/db
                NetworkPolicy         shop       trial  -        ingress,egress  dry run   0       shop/db
                1 of other pods: see --all
                """, ask("policy list").out());
        Ran all = ask("policy list --all");
        assertTrue(
                all.out()
                        .contains(
                                "NetworkPolicy         shop       far    -        ingress         enforced  0       -\n"),
                all.out());
    }

    @Test
    void whereDeniedPacketsAreNotLoggedNobodyCountsByPolicy() throws Exception {
        loop().close();
        Objects.requireNonNull(serving).close();
        start(PolicyOptions.silent());
        tellAndAwait();
        Ran ran = ask("policy list");
        assertHas(ran, "NetworkPolicy +shop +db-in +- +ingress +enforced +- +shop/db");
        assertHas(ran, "what each denies is not counted: denied packets are not logged, .*");
        JsonNode answer = JSON.readTree(ask("policy list -o json").out());
        assertTrue(answer.path("policies").path(0).path("denied").isNull(), answer::toString);
        JsonNode denied = StatusJson.of(board.current(), "1.2.3").path("policy").path("denied");
        assertTrue(denied.path("policies").isNull(), denied::toString);
        Ran log = ask("policy log");
        assertEquals(Cli.FAILED, log.code());
        assertTrue(log.err().startsWith("towpath-node: denied packets are not logged, "), log.err());
    }

    /** What the container runtime keeps of the attachment with the lease. */
    private Path results() throws Exception {
        Path folder = Files.createDirectories(disk.resolve("results"));
        Files.writeString(
                folder.resolve("net-container-eth0"),
                "{\"cniArgs\": [[\"K8S_POD_NAMESPACE\", \"shop\"], [\"K8S_POD_NAME\", \"web\"]]}");
        return folder;
    }

    private static void assertHas(Ran ran, String line) {
        assertTrue(ran.out().lines().anyMatch(each -> each.matches(line)), ran.out());
    }

    @Test
    void whatIsNotKnownYetIsSaid() throws Exception {
        loop().policyTrouble("the API is away");
        String reason = "the policies of the cluster are not known yet: the API is away";
        assertEquals(new Ran(Cli.FAILED, "", "towpath-node: " + reason + "\n"), ask("policy list"));
        Ran ran = ask("endpoint list --cni-conf " + confWithLease() + " --results-dir " + results());
        assertEquals(Cli.OK, ran.code(), ran::err);
        List<String> lines = ran.out().lines().toList();
        assertEquals(5, lines.size(), ran.out());
        assertHas(ran, "shop +web +10[.]0[.]0[.]2 +" + WEB + " +waiting +- +- +.+ ago");
        assertHas(ran, "- +- +10[.]0[.]0[.]3 +" + DB + " +waiting +- +- +-");
        assertEquals(reason + "; what was in force before still is", lines.get(4));
    }

    @Test
    void withoutPoliciesAllEndpointsAreOpen() throws Exception {
        node.inside(() -> {
            try (Endpoints _ = agent("open.sock", null)) {
                Ran ran = Ran.of(("endpoint list --socket " + disk.resolve("open.sock") + " --cni-conf "
                                + confWithLease() + " --results-dir " + results())
                        .split(" ", -1));
                assertEquals(Cli.OK, ran.code(), ran::err);
                List<String> lines = ran.out().lines().toList();
                assertEquals(5, lines.size(), ran.out());
                assertHas(ran, "shop +web +10[.]0[.]0[.]2 +" + WEB + " +open +any +any +.+ ago");
                assertHas(ran, "- +- +10[.]0[.]0[.]3 +" + DB + " +open +any +any +-");
                assertEquals("this agent enforces no policies: all is allowed", lines.get(4));
            }
        });
    }

    @Test
    void withoutAnAgentTheLineSaysWhatElseCanBeAsked() {
        Ran ran = Ran.of("endpoint", "list", "--socket", disk.resolve("none").toString());
        assertEquals(Cli.FAILED, ran.code());
        assertTrue(ran.err().contains("Without one, \"towpath-node ipam list\" names pods"), ran.err());
        assertTrue(Ran.of("policy", "list", "--socket", disk.resolve("none").toString())
                .err()
                .contains("It alone knows the policies"));
    }
}
