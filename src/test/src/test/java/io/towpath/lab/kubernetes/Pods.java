package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The pods of the lab's own checks: web servers that tell their names, and clients of each other. */
final class Pods {
    static final int PORT = 8080;
    private static final String NAMESPACE = "default";
    private static final String ONE_SECOND = String.valueOf(Await.SLOWNESS);
    private static final String TEN_SECONDS = String.valueOf(10 * Await.SLOWNESS);

    private final KubeCluster cluster;

    Pods(KubeCluster cluster) {
        this.cluster = cluster;
    }

    /** The manifest of a pod that serves on {@link #PORT}; {@code more} are further fields of its spec, a line each. */
    static String web(String name, String app, String node, String... more) {
        StringBuilder spec = new StringBuilder();
        for (String line : more) {
            spec.append("  ").append(line).append('\n');
        }
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, labels: {app: %2$s}}
                spec:
                  terminationGracePeriodSeconds: 0
                  nodeSelector: {kubernetes.io/hostname: %3$s}
                %4$s  containers:
                    - name: web
                      image: %5$s
                      args: [netexec, --http-port=%6$d, --udp-port=%6$d]
                      readinessProbe: {httpGet: {path: /hostname, port: %6$d}, periodSeconds: %7$s, timeoutSeconds: %7$s}
                """.formatted(name, app, node, spec, Images.AGNHOST, PORT, ONE_SECOND);
    }

    /**
     * Starts web servers, and asks each from every other.
     *
     * @param names each says the app and the node: {@code web-b1} is of app {@code b1} on {@code node-b}
     * @return how many ways there are
     */
    String start(List<String> names) {
        cluster.apply(names.stream()
                .map(name -> web(name, app(name), "node-" + app(name).charAt(0)))
                .collect(Collectors.joining("---\n")));
        awaitReady(names);
        return allPairs(names) + " ways";
    }

    /** Waits until each of those that {@link #start} takes is Ready. */
    void awaitReady(List<String> names) {
        names.forEach(name -> cluster.awaitPods(NAMESPACE, "app=" + app(name), 1));
    }

    private static String app(String name) {
        return name.substring("web-".length());
    }

    /** The addresses of a pod, in the order of the cluster's families. */
    List<String> addresses(String pod) {
        List<String> addresses = new ArrayList<>();
        for (JsonNode address : cluster.get("pod", pod).at("/status/podIPs")) {
            addresses.add(address.path("ip").asText());
        }
        return addresses;
    }

    /** Whether somebody who is neither pod nor node gets a page from an address. */
    boolean outsiderReaches(String address, int port) {
        String url = "http://" + Settings.inUrl(address) + ":" + port + "/hostname";
        return cluster.controlPlane()
                        .namespace()
                        .inside(Command.of("curl", "-gsS", "--noproxy", "*", "--max-time", ONE_SECOND, url))
                        .run()
                        .exit()
                == 0;
    }

    /** Whether one pod gets a page from an address. */
    boolean reaches(String from, String address, int port) {
        return ask(from, address, port, "hostname").exit() == 0;
    }

    /** The first packet may find a neighbour that the node does not know yet: then it is asked again. */
    private boolean reachesAtLast(String from, String address) {
        boolean reached = reaches(from, address, PORT);
        return reached || reaches(from, address, PORT);
    }

    /** The network of a pod. Whoever asks from there needs no API. */
    Namespace namespace(String pod) {
        JsonNode object = cluster.get("pod", pod);
        String node = object.at("/spec/nodeName").asText();
        return cluster.node(node).podNetwork(object.at("/metadata/uid").asText());
    }

    /** Whether a page comes from a pod's address, asked for in a network. */
    static boolean gets(Namespace from, String address) {
        return gets(from, address, ONE_SECOND);
    }

    /** The same, at a second try with more time: the first packet may find a neighbour that the node does not know yet. */
    static boolean getsAtLast(Namespace from, String address) {
        return gets(from, address) || gets(from, address, TEN_SECONDS);
    }

    /** The same, with so many seconds for all of it. */
    static boolean gets(Namespace from, String address, String seconds) {
        String url = "http://" + Settings.inUrl(address) + ":" + PORT + "/hostname";
        return from.inside(Command.of("curl", "-gsS", "--noproxy", "*", "--max-time", seconds, url))
                        .run()
                        .exit()
                == 0;
    }

    /** What a page says. */
    Command.Outcome ask(String from, String address, int port, String page) {
        String url = "http://" + Settings.inUrl(address) + ":" + port + "/" + page;
        return cluster.exec(NAMESPACE, from, "curl", "-gsS", "--max-time", ONE_SECOND, url);
    }

    /** Asks every pod's every address from every other; fails with those that did not answer. */
    int allPairs(List<String> pods) {
        int asked = 0;
        List<String> silent = new ArrayList<>();
        for (String to : pods) {
            for (String address : addresses(to)) {
                for (String from : pods) {
                    if (!from.equals(to)) {
                        asked++;
                        if (!reachesAtLast(from, address)) {
                            silent.add(from + " -> " + to + " (" + address + ")");
                        }
                    }
                }
            }
        }
        if (!silent.isEmpty()) {
            throw new AssertionError("no answer: " + silent);
        }
        return asked;
    }

    /**
     * Compares what nodes hold for pods with the pods that there are: leases and {@code cali*} links.
     *
     * @return what is too much or too little, a line each; empty if all is well
     */
    Set<String> differences() {
        Set<String> differences = new TreeSet<>();
        for (KubeNode node : cluster.nodes()) {
            Set<String> wanted = new TreeSet<>();
            for (JsonNode pod : cluster.get("pods", "-A", "--field-selector", "spec.nodeName=" + node.name())
                    .path("items")) {
                String phase = pod.at("/status/phase").asText();
                boolean ended = phase.equals("Succeeded") || phase.equals("Failed");
                if (!pod.at("/spec/hostNetwork").asBoolean() && !ended) {
                    pod.at("/status/podIPs")
                            .forEach(each -> wanted.add(each.path("ip").asText()));
                }
            }
            Set<String> leased = node.disk().leases();
            Set<String> routed = node.routedPods();
            compare(node.name() + ": lease of ", wanted, leased, differences);
            compare(node.name() + ": route to ", wanted, routed, differences);
        }
        return differences;
    }

    private static void compare(String what, Set<String> wanted, Set<String> found, Set<String> differences) {
        for (String address : found) {
            if (!wanted.contains(address)) {
                differences.add(what + address + ", which is no pod's");
            }
        }
        for (String address : wanted) {
            if (!found.contains(address)) {
                differences.add("no " + what.replace(": ", ": no ") + address);
            }
        }
    }

    /** Waits until nodes hold what the pods need and nothing else; tells what was wrong last before that. */
    String awaitNothingLeaked() {
        Set<String> last = new TreeSet<>();
        cluster.await(
                "nodes hold what pods need and nothing else",
                () -> {
                    Set<String> now = differences();
                    if (!now.isEmpty()) {
                        last.clear();
                        last.addAll(now);
                    }
                    return now.isEmpty();
                },
                () -> String.join("\n", last));
        return last.isEmpty() ? "" : "last to go: " + last.iterator().next();
    }
}
