package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.nio.file.Path;

/** What the agent of a node says of itself: pages, status, and the log of its container, of those before it too. */
record AgentView(KubeNode node, Path root) {
    private static final String PAGES = "http://127.0.0.1:9098/";

    /** Whether a metric without labels has a value. */
    boolean measures(String metric, int value) {
        return page("metrics").lines().anyMatch((metric + " " + value + ".0")::equals);
    }

    /** The page /readyz, which begins with "ok" if the agent is ready; empty if it does not answer. */
    String readiness() {
        return page("readyz");
    }

    private String page(String page) {
        Command ask = Command.of("curl", "-sS", "--noproxy", "*", "--max-time", "2", PAGES + page);
        return node.network().inside(ask).run().out();
    }

    String status() {
        return node.towpathNode(root, "status");
    }

    String log() {
        String files = node.disk().path("pod-logs") + "/pods/kube-system_towpath-*/agent/*.log";
        return Command.of("bash", "-c", "cat " + files).run().out();
    }

    /** Breaks the agent's connections to the API's Service. */
    void disconnect() {
        node.network().run("ss", "-K", "dport", "=", ":443");
    }

    /** A file that the kubelet gives to the pods of the agent's service account. */
    String given(String uid, String file) {
        return node.inside(
                        "sh", "-c", "cat /var/lib/kubelet/pods/" + uid + "/volumes/kubernetes.io~projected/*/" + file)
                .run()
                .out();
    }
}
