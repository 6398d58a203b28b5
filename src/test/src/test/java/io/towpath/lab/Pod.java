package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A pod's sandbox on a node and its runtime's memory: ID, namespace, interface, the result of ADD. */
public final class Pod implements AutoCloseable {
    private static final String ECHO_OF_HTTP = "index.html";

    private final Node node;
    private final String name;
    private final String containerId;
    private final Namespace namespace;
    private NetConf conf;
    private Path plugin;
    private String ifName = "eth0";
    private @Nullable ObjectNode result;

    Pod(Node node, String name, String containerId, Namespace namespace) {
        this.node = node;
        this.name = name;
        this.containerId = containerId;
        this.namespace = namespace;
        this.conf = node.conf();
        this.plugin = node.plugin();
    }

    public Node node() {
        return node;
    }

    public String containerId() {
        return containerId;
    }

    public Namespace namespace() {
        return namespace;
    }

    public String ifName() {
        return ifName;
    }

    /** The conf that its verbs get from now on. */
    public Pod conf(NetConf other) {
        conf = other;
        return this;
    }

    public NetConf conf() {
        return conf;
    }

    /** The interface of its verbs from now on. */
    public Pod ifName(String other) {
        ifName = other;
        return this;
    }

    /** The plugin of its verbs from now on. */
    public Pod plugin(Path other) {
        plugin = other;
        return this;
    }

    /** A verb for this pod with all that a runtime passes, the previous result among it where there is one. */
    public Call call(String verb) {
        JsonNode previous = result;
        NetConf stdin = previous == null || verb.equals("ADD") ? conf : conf.with("prevResult", previous);
        return Call.of(plugin, node.namespace(), verb, stdin)
                .with("CNI_CONTAINERID", containerId)
                .with("CNI_NETNS", namespace.path().toString())
                .with("CNI_IFNAME", ifName)
                .with("CNI_ARGS", args());
    }

    /** What containerd puts into {@code CNI_ARGS}. */
    public String args() {
        return "IgnoreUnknown=1;K8S_POD_NAMESPACE=lab;K8S_POD_NAME=" + name + ";K8S_POD_INFRA_CONTAINER_ID="
                + containerId + ";K8S_POD_UID=uid-" + name;
    }

    /** ADD, which has to succeed. */
    public Pod add() {
        tryAdd().succeeded();
        return this;
    }

    /** ADD; its result is kept if there is one. */
    public Answer tryAdd() {
        Answer answer = call("ADD").run();
        if (answer.exit() == 0) {
            result = answer.result();
        }
        return answer;
    }

    /** CHECK. */
    public Answer check() {
        return call("CHECK").run();
    }

    /** CHECK, which has to succeed, in the versions that have it. */
    public void check(String version) {
        if (version.compareTo("0.4.0") >= 0) {
            check().succeededSilently();
        }
    }

    /** DEL, which has to succeed and print nothing. */
    public void del() {
        call("DEL").run().succeededSilently();
    }

    /** The result of ADD. */
    public ObjectNode result() {
        ObjectNode current = result;
        if (current == null) {
            throw new IllegalStateException("pod " + name + " has no result");
        }
        return current;
    }

    /** Its first address. */
    public String address() {
        return addresses().getFirst();
    }

    public List<String> addresses() {
        return Answer.addresses(result());
    }

    /** The name of the host's end of its link. */
    public String hostLink() {
        for (JsonNode link : result().path("interfaces")) {
            if (link.path("sandbox").asText().isEmpty()) {
                return link.path("name").asText();
            }
        }
        throw new AssertionError("no link on the node in " + result());
    }

    /** Whether there is its interface inside. */
    public boolean hasLink() {
        return namespace.hasLink(ifName);
    }

    /** Pings from inside; fails without an answer. */
    public void ping(String address) {
        Network.ping(namespace, address);
    }

    /** Fetches {@code http://address:port/} from inside. */
    public String fetch(String address, int port) {
        return Network.fetch(namespace, address, port);
    }

    /** Serves a text by HTTP inside, until the pod is closed; returns when it is reachable there. */
    public void serve(int port, String text) {
        Network.serve(
                namespace, port, text, node.folder().resolve("www-" + name).resolve(ECHO_OF_HTTP));
    }

    /** The namespace goes; what is on the node stays as it is. */
    @Override
    public void close() {
        namespace.close();
    }

    @Override
    public String toString() {
        return node.name() + "/" + name;
    }
}
