package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The API server's hard days. In each, pods ask each other all the while by a way that is open and one that a policy closes; agents say
 * what is wrong, and stay ready; pods of which no policy can say anything start; and when the trouble is over, a new policy is in force within seconds.
 */
final class ApiDays {
    private static final Duration TOLD = Duration.ofSeconds(90);
    static final Duration WELL = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final String SOON = "0.3";
    private static final List<String> WEB = List.of("web-a1", "web-b1", "web-a2", "web-a3", "web-b3");
    private static final List<String> SWITCHED = List.of("web-a3", "web-b3");
    private static final String BINDING = "clusterrolebinding/towpath";

    static final String CLOSED = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: %1$s}
            spec: {podSelector: {matchLabels: {app: %1$s}}, policyTypes: [Ingress]}
            """;
    private static final String SWITCH = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: switch}
            spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [a3, b3]}]}, policyTypes: [Ingress]}
            """;

    private final KubeCluster cluster;
    private final ControlPlane controlPlane;
    private final Pods pods;
    private final Path root;
    private final List<AgentView> agents;
    private final Map<String, String> addresses = new HashMap<>();
    private final Map<String, Integer> logged = new HashMap<>();
    private @Nullable Namespace client;
    private @Nullable ApiTraffic traffic;
    private int days;

    private ApiDays(KubeCluster cluster, Path root) {
        this.cluster = cluster;
        this.root = root;
        controlPlane = cluster.controlPlane();
        pods = new Pods(cluster);
        agents = cluster.nodes().stream().map(node -> new AgentView(node, root)).toList();
    }

    static void run(Report report, Path root, Path logs) throws IOException {
        Report.Part part = report.part("api");
        Installed.with(part, Settings.IPV4, logs, cluster -> new ApiDays(cluster, root).checks(part));
    }

    private void checks(Report.Part part) {
        part.require("the manifest as shipped makes all nodes Ready", () -> Installed.install(cluster, root));
        part.require("pods on two nodes, each with every other", () -> pods.start(WEB));
        part.require("a way that is open and one that is closed", this::ways);
        day(part, "the API server is killed and started", this::killed);
        day(part, "it says GOAWAY, and refuses while it ends", this::goaway);
        day(part, "etcd is compacted while the nodes are cut off (410)", this::compacted);
        day(part, "the agents' role is taken away (403) and given back", this::forbidden);
        day(part, "the agents' tokens are refused (401), and taken again", this::unauthorized);
        day(part, "tokens are rotated to another key, and its certificate is renewed", this::rotated);
        day(part, "it has no streaming lists (WatchList)", this::watchList);
        RestoredEtcd etcd = new RestoredEtcd(this, cluster);
        day(part, "etcd is restored from an older snapshot", etcd::behind);
        day(part, "it is, and has overtaken what the agents knew when they come back", etcd::overtaken);
        day(part, "its certificate is of another authority", this::otherAuthority);
        part.check("all the while", () -> {
            traffic().require();
            return traffic().toString();
        });
    }

    /** One that fails leaves the next an API that is there. */
    private void day(Report.Part part, String what, Report.Check check) {
        part.check(what, () -> {
            days++;
            agents.forEach(agent -> logged.put(agent.node().name(), agent.log().length()));
            try {
                String told = check.run();
                traffic().require();
                return told;
            } catch (Exception | AssertionError e) {
                mend(e);
                throw e;
            }
        });
    }

    private void mend(Throwable after) {
        try {
            restartApi();
            cluster.apply(cluster.manifest());
        } catch (IOException | AssertionError e) {
            after.addSuppressed(e);
        }
    }

    private String ways() {
        for (String pod : WEB) {
            addresses.put(pod, pods.addresses(pod).getFirst());
        }
        cluster.apply(CLOSED.formatted("a2"));
        Namespace from = pods.namespace("web-b1");
        client = from;
        cluster.await("the policy holds", () -> isClosed("web-a2"));
        traffic = new ApiTraffic(cluster, from, "web-a1", address("web-a1"), address("web-a2"));
        return "";
    }

    private String killed() {
        controlPlane.stopApi();
        told("refused");
        controlPlane.startApi();
        return well();
    }

    /** By HTTP/2 a server asks its clients to come again by another connection; one that ends refuses who does, with 429 at first. */
    private String goaway() {
        restartApi(
                "--goaway-chance=0.02",
                "--shutdown-send-retry-after=true",
                "--shutdown-watch-termination-grace-period=40s");
        replaceAgents();
        String with = well();
        try (var _ = controlPlane.endingApi()) {
            agents.forEach(AgentView::disconnect);
            told(""); // by 429 or as nobody listens any more, as it comes
        }
        controlPlane.startApi();
        return with + "; when it had ended and begun, " + well();
    }

    private String compacted() {
        cluster.apply(CLOSED.formatted("a3"));
        Await.until("a3 is closed", () -> isClosed("web-a3"));
        controlPlane.cutNodesOff(true);
        told("");
        cluster.delete(CLOSED.formatted("a3"));
        cluster.apply(CLOSED.formatted("b3"));
        controlPlane.etcd().compact();
        restartApi();
        controlPlane.cutNodesOff(false);
        long start = System.nanoTime();
        await("what changed meanwhile is in force", WELL, () -> !isClosed("web-a3") && isClosed("web-b3"));
        double seconds = secondsSince(start);
        cluster.delete(CLOSED.formatted("b3"));
        return String.format(Locale.ROOT, "what had changed was in force after %.1f s; ", seconds) + well();
    }

    private String forbidden() throws IOException {
        cluster.kubectl("delete", BINDING);
        agents.forEach(AgentView::disconnect);
        told("403");
        String denied = waitsForTheApi("403");
        AgentView last = agents.getLast();
        cluster.kubectl(
                "delete",
                "pod",
                "-n",
                "kube-system",
                "-l",
                Installed.SELECTOR,
                "--field-selector",
                "spec.nodeName=" + last.node().name());
        await(
                "an agent that starts now is not ready, and says why",
                TOLD,
                () -> last.readiness().contains("403") && !last.readiness().startsWith("ok"));
        traffic().require();
        cluster.apply(cluster.manifest());
        return wellWith(denied);
    }

    private String unauthorized() throws IOException {
        String before = Files.readString(controlPlane.keys().acceptedTokenKeys());
        controlPlane.keys().replaceTokenKey();
        restartApi();
        told("401");
        String denied = waitsForTheApi("401");
        controlPlane.keys().acceptTokens(before);
        restartApi();
        controlPlane.restartControllers();
        return wellWith(denied);
    }

    /** A kubelet that starts asks for new tokens, which are by the new key. */
    private String rotated() throws IOException {
        Map<AgentView, String> before = new HashMap<>();
        agents.forEach(agent -> before.put(agent, token(agent)));
        cluster.nodes().forEach(KubeNode::restartKubelet);
        for (AgentView agent : agents) {
            cluster.await(
                    "a new token comes to " + agent.node().name(),
                    () -> !token(agent).isEmpty() && !token(agent).equals(before.get(agent)));
        }
        controlPlane.keys().acceptTokens("");
        controlPlane.keys().renewServing();
        restartApi();
        return well();
    }

    /** All other days have them. */
    private String watchList() {
        restartApi("--feature-gates=WatchList=false");
        replaceAgents();
        return well();
    }

    private String otherAuthority() throws IOException {
        controlPlane.keys().replaceServing();
        restartApi();
        told("of none of the authorities");
        String denied = waitsForTheApi("of none of the authorities");
        AgentView first = agents.getFirst();
        String before = authority(first);
        controlPlane.keys().publishNext();
        controlPlane.restartControllers();
        cluster.await(
                "the new authority comes to the pod", () -> !authority(first).equals(before));
        return wellWith(denied);
    }

    private String token(AgentView agent) {
        return agent.given(agentUid(agent), "token");
    }

    private String authority(AgentView agent) {
        return agent.given(agentUid(agent), "ca.crt");
    }

    private String agentUid(AgentView agent) {
        JsonNode found = cluster.get(
                "pods",
                "-n",
                "kube-system",
                "-l",
                Installed.SELECTOR,
                "--field-selector",
                "spec.nodeName=" + agent.node().name());
        return found.at("/items/0/metadata/uid").asText();
    }

    private void restartApi(String... flags) {
        controlPlane.stopApi();
        controlPlane.startApi(flags);
    }

    private void replaceAgents() {
        cluster.kubectl("delete", "pod", "-n", "kube-system", "-l", Installed.SELECTOR);
        cluster.awaitPods("kube-system", Installed.SELECTOR, agents.size());
    }

    /** Each agent says what is wrong by status, log and metrics, and stays ready, as what it knew is in force. */
    private void told(String word) {
        for (AgentView agent : agents) {
            await(
                    agent.node().name() + " says " + word,
                    TOLD,
                    () -> agent.measures("towpath_source_up", 0)
                            && agent.measures("towpath_policy_source_up", 0)
                            && agent.status().contains(word)
                            && news(agent).contains(word));
            if (!agent.readiness().startsWith("ok") || !agent.measures("towpath_ready", 1)) {
                throw new AssertionError(agent.node().name() + " is not ready: " + agent.readiness());
            }
        }
    }

    /** Waits until each agent's log says something. */
    void awaitLogged(String word) {
        agents.forEach(agent -> await("the log says so", TOLD, () -> news(agent).contains(word)));
    }

    /** What the log of the agents of a node has since the day began. */
    private String news(AgentView agent) {
        String log = agent.log();
        return log.substring(
                Math.min(log.length(), logged.getOrDefault(agent.node().name(), 0)));
    }

    /** A new pod waits, as its labels are not known and so neither are its policies, and an event says why. Returns its name. */
    private String waitsForTheApi(String why) {
        String denied = "late-" + days;
        cluster.apply(Pods.web(denied, denied, "node-a"));
        cluster.await(
                "an event says " + why,
                () -> cluster.kubectl(
                                "get", "events", "-n", "default", "--field-selector", "involvedObject.name=" + denied)
                        .contains(why));
        return denied;
    }

    private String wellWith(String denied) {
        String told = well();
        cluster.awaitPods("default", "app=" + denied, 1);
        return told;
    }

    /** The trouble is over: a policy comes into force, new pods start, agents say that all is well. */
    String well() {
        long start = System.nanoTime();
        cluster.apply(SWITCH);
        await(
                "a new policy is in force on both nodes",
                WELL,
                () -> SWITCHED.stream().allMatch(this::isClosed));
        double seconds = secondsSince(start);
        cluster.delete(SWITCH);
        await("and goes", WELL, () -> SWITCHED.stream().noneMatch(this::isClosed));
        for (AgentView agent : agents) {
            await(
                    agent.node().name() + " says that all is well",
                    TOLD,
                    () -> agent.measures("towpath_source_up", 1)
                            && agent.measures("towpath_policy_source_up", 1)
                            && agent.readiness().startsWith("ok"));
        }
        double all = secondsSince(start);
        String name = "new-" + days;
        cluster.apply(Pods.web(name, name, "node-b"));
        cluster.awaitPods("default", "app=" + name, 1);
        cluster.kubectl("delete", "pod", name, "--wait=false");
        return String.format(
                Locale.ROOT, "a new policy in force after %.1f s, all said to be well after %.1f s", seconds, all);
    }

    private ApiTraffic traffic() {
        return Objects.requireNonNull(traffic, "not begun");
    }

    private String address(String pod) {
        return Objects.requireNonNull(addresses.get(pod), pod);
    }

    boolean isClosed(String pod) {
        return !Pods.gets(Objects.requireNonNull(client), address(pod), SOON);
    }

    void await(String what, Duration deadline, BooleanSupplier condition) {
        Await.until(
                what,
                deadline,
                PAUSE,
                condition,
                () -> agents.stream()
                        .map(agent -> agent.node().name() + ": " + agent.readiness() + "\n" + agent.status())
                        .reduce("\n", String::concat));
    }

    static double secondsSince(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
