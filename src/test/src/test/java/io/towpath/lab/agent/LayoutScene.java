package io.towpath.lab.agent;

import io.towpath.lab.Await;
import io.towpath.lab.Node;
import io.towpath.lab.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A node with something in each table and file that an agent leaves: a pod with a host port and a policy, which has ended the connection of a
 * pod of another node.
 */
final class LayoutScene implements AutoCloseable {
    static final int HOST_PORT = 8080;

    final PolicyLab lab = new PolicyLab(true, true);
    final Node a = lab.a;
    final Pod shop = lab.pod(
            a,
            "shop",
            "shop",
            Map.of(
                    "portMappings",
                    "[{'hostPort': " + HOST_PORT + ", 'containerPort': " + Stream.PORT + ", 'protocol': 'tcp'}]"));
    final Pod friend = lab.pod(lab.b, "friend");
    final Pod thief = lab.pod(lab.b, "thief");

    /** The pods of the node, in the order of a {@link NodeLayout}. */
    List<Pod> pods() {
        return List.of(shop);
    }

    /** Has the thief's connection ended, and the agent of the node. */
    LayoutScene ended() {
        try (Open open = Open.oneWay("tcp", thief.namespace(), shop.namespace(), shop.address())) {
            open.assertGoesOn();
            lab.api.apply(PolicyLab.FRIENDS);
            open.assertIsCut();
        }
        Await.until("it is cut", () -> !cut().isEmpty());
        lab.agent.terminate();
        return this;
    }

    /** What is remembered as cut, as {@code nft} shows it. */
    String cut() {
        String set = a.namespace().run("nft", "list", "set inet towpath-policy cut-4");
        int elements = set.indexOf("elements");
        return elements < 0 ? "" : set.substring(elements);
    }

    /**
     * Records what the release under test leaves, for the tests of the ones to come.
     *
     * @param arguments a folder that is not there yet, such as {@code src/test/src/test/resources/layouts/0.1.0}
     */
    public static void main(String[] arguments) throws IOException {
        try (LayoutScene scene = new LayoutScene().ended()) {
            new NodeLayout(Path.of(arguments[0])).record(scene.a, scene.pods());
        }
        // Some of what the lab starts runs on daemons of others.
        System.exit(0);
    }

    @Override
    public void close() {
        lab.close();
    }
}
