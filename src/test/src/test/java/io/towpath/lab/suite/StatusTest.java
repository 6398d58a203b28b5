package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Lab;
import io.towpath.lab.NetConf;
import io.towpath.lab.Node;
import io.towpath.lab.NodeState;
import io.towpath.lab.OnLab;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** STATUS tells whether ADD can be served, and changes nothing. That a full range is told is in {@link IpamTest}. */
@OnLab
class StatusTest {
    @AutoClose
    private final Lab lab = Lab.ofOneNode();

    private final Node node = lab.node();
    private final NetConf conf = node.conf().version("1.1.0");

    @Test
    void readyBeforeAndAfterTheFirstPod() {
        node.call("STATUS", conf).run().succeededSilently();
        node.pod("web").add().del();
        NodeState before = node.state();
        node.call("STATUS", conf).run().succeededSilently();
        node.state().assertSameAs(before);
    }

    @Test
    void notReadyWithoutAWayToBuildTheOverlay() throws IOException {
        Files.writeString(node.clusterFile(), "{");
        NodeState before = node.state();
        String message = node.call("STATUS", conf).run().failedWith(50);
        assertTrue(message.contains("cluster.json"), message);
        Files.delete(node.clusterFile());
        node.call("STATUS", conf).run().failedWith(50);
        node.pod("web").tryAdd().error();
        node.state().without("cluster.json").assertSameAs(before.without("cluster.json"));
    }
}
