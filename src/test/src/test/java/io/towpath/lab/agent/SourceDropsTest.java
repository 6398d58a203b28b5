package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.lab.Await;
import io.towpath.lab.Frame;
import io.towpath.lab.OnLab;
import io.towpath.lab.Pod;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A pod that forges its source is told by name, with how many packets of it were dropped, as soon as anybody asks. */
@OnLab
class SourceDropsTest {
    private static final String NODES_MAC = "ee:ee:ee:ee:ee:ee";
    private static final String METRIC = "towpath_source_dropped_packets_total";
    private static final int FORGED = 7;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    @Test
    void whoForgesIsTold() {
        Pod forger = lab.pod(lab.a, "forger");
        Pod honest = lab.pod(lab.a, "honest");
        honest.ping(lab.a.address());
        assertEquals(List.of(), series(), "nobody has sent any");
        Frame frame = Frame.echo("198.51.100.7", lab.a.address());
        Frame.send(forger.namespace(), "eth0", NODES_MAC, Collections.nCopies(FORGED, frame));
        forger.ping(lab.a.address());
        String series = METRIC + "{link=\"" + forger.hostLink() + "\",pod=\"lab/forger\"}";
        assertEquals(FORGED, lab.agent.metric(series));
        assertEquals(
                FORGED,
                lab.agent.status().at("/sourceDrops/0/packets").asInt(),
                () -> lab.agent.status().toString());
        String status = lab.agent.operator("status").out();
        assertTrue(status.contains("lab/forger " + FORGED), status);
        assertEquals(1, series().size(), () -> series().toString());
        forger.del();
        Await.until("it goes with the pod", () -> series().isEmpty());
    }

    /** Of pods that sent any alone. */
    private List<String> series() {
        return lab.agent
                .page("metrics")
                .lines()
                .filter(line -> line.startsWith(METRIC + "{"))
                .toList();
    }
}
