package io.towpath.agent.policy;

import io.towpath.agent.log.Log;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.agent.status.AgentStatus;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.net.IpAddress;
import io.towpath.netlink.TestNamespace;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.nft.PolicyOptions;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A node with pods, each a network namespace, and the controller at work on it. */
final class PolicyScene implements AutoCloseable {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);
    static final int LOG_GROUP = 7;
    private static final PolicyOptions OPTIONS = new PolicyOptions(true, LOG_GROUP, 1, 20);
    private static final String GATEWAY = "169.254.1.1";
    private static final String MAC = "ee:ee:ee:ee:ee:ee";

    final TestNamespace node = new TestNamespace();
    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    final Log logger = new Log(
            new PrintStream(lines, true, StandardCharsets.UTF_8), Log.Form.TEXT, Log.Level.DEBUG, Clock.systemUTC());
    private final List<Pod> pods = new ArrayList<>();
    private final Map<String, String> uids = new HashMap<>();
    private final Map<String, PodFact> facts = new HashMap<>();
    private List<PolicyFact> policies = List.of();
    private @Nullable PolicyController controller;
    private volatile AgentStatus.Policy status = AgentStatus.Policy.UNKNOWN;
    private final AtomicReference<@Nullable Runnable> amidRound = new AtomicReference<>();

    PolicyScene() {
        node.ip("link", "set", "lo", "up");
        node.execute("sysctl", "-q", "-w", "net.ipv4.ip_forward=1");
    }

    /** A pod of the node. */
    record Pod(TestNamespace inside, String name, String link, IpAddress address) {
        Handover handover(@Nullable String uid, int waitMilliseconds) {
            return new Handover("default", name, uid, link, List.of(address), waitMilliseconds);
        }

        boolean reaches(Pod other) {
            return inside.execute("sh", "-c", "ping -c 1 -W 1 -n " + other.address + " >&2; echo $?")
                    .strip()
                    .endsWith("0");
        }
    }

    /** Makes a pod with its link, as an ADD does, of which nobody has told the controller. */
    Pod pod(String name, String address) {
        TestNamespace inside = new TestNamespace();
        String link = EndpointName.hostName("default", name, "", "eth0");
        String netNs = inside.path().substring(inside.path().lastIndexOf('/') + 1);
        node.ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", netNs);
        node.ip("link", "set", link, "address", MAC, "up");
        inside.ip("address", "add", address + "/32", "dev", "eth0");
        inside.ip("link", "set", "eth0", "up");
        inside.ip("neighbour", "add", GATEWAY, "lladdr", MAC, "dev", "eth0");
        inside.ip("route", "add", GATEWAY, "dev", "eth0");
        inside.ip("route", "add", "default", "via", GATEWAY);
        node.ip("route", "add", address, "dev", link);
        Pod pod = new Pod(inside, name, link, IpAddress.parse(address));
        pods.add(pod);
        return pod;
    }

    /** Removes the pod's link, as a DEL does. */
    void remove(Pod pod) {
        node.ip("link", "delete", pod.link);
    }

    PolicyController start() throws Exception {
        make();
        node.inside(() -> controller().start());
        return controller();
    }

    /** Makes the controller, which does nothing yet. */
    void make() throws Exception {
        status = AgentStatus.Policy.UNKNOWN; // not what the one before has left
        node.inside(() -> {
            PolicyController made = new PolicyController(logger, Clock.systemUTC(), this::take, OPTIONS);
            controller = made;
        });
    }

    private void take(AgentStatus.Policy told) {
        status = told;
        Runnable task = amidRound.getAndSet(null);
        if (task != null) {
            task.run();
        }
    }

    /** Has something done once while a round is under way, after all else that it does. */
    void amidRound(Runnable task) {
        amidRound.set(task);
    }

    PolicyController controller() {
        PolicyController running = controller;
        if (running == null) {
            throw new AssertionError("not started");
        }
        return running;
    }

    /** Has the source know a pod of this node. */
    void know(Pod pod, String uid) {
        uids.put(PolicyFacts.key("default", pod.name), uid);
        facts.put(
                pod.name,
                new PodFact("default", pod.name, Map.of("app", pod.name), List.of(pod.address), List.of(), "node"));
    }

    void forget(Pod pod) {
        uids.remove(PolicyFacts.key("default", pod.name));
        facts.remove(pod.name);
    }

    void policies(PolicyFact... all) {
        policies = List.of(all);
    }

    /** Tells what is known. */
    void tell() {
        controller().policy(facts());
    }

    /** What is known. */
    PolicyFacts facts() {
        return new PolicyFacts(
                new Facts(
                        List.copyOf(facts.values()),
                        List.of(new NamespaceFact("default", Map.of())),
                        List.of(),
                        policies,
                        List.of()),
                uids);
    }

    AgentStatus.Policy status() {
        return status;
    }

    String log() {
        return lines.toString(StandardCharsets.UTF_8);
    }

    /** Waits until something holds. */
    void await(String what, Callable<Boolean> condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.call()) {
            if (System.nanoTime() - start > PATIENCE_NS) {
                throw new AssertionError(
                        "in vain: " + what + "\n" + status + "\n" + log() + node.execute("nft", "list", "ruleset"));
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    @Override
    public void close() {
        if (controller != null) {
            controller.close();
        }
        pods.forEach(pod -> pod.inside.close());
        node.close();
    }
}
