package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.source.kube.FakeApi.Streaming;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A source that is told the objects there are as events of a watch, by servers that can, cannot, and say neither. */
class InitialEventsTest {
    private final FakeApi api = new FakeApi();
    private final Told told = new Told();
    private final KubernetesClusterSource source = Sources.of(new ApiAccess(api.url(), null, null, null));

    @BeforeEach
    void nodes() {
        api.put(Nodes.bare("self", 1));
        api.put(Nodes.flannel("b", 2));
    }

    @AfterEach
    void end() {
        source.close();
        api.close();
    }

    private List<String> asked() {
        return api.asked.stream()
                .filter(each -> each.path().equals(FakeApi.NODES))
                .map(each -> each.what().replaceFirst(" .*", ""))
                .toList();
    }

    @Test
    void oneWatchTellsWhatThereIsAndWhatBecomesOfIt() throws InterruptedException {
        api.stream(Streaming.SERVED);
        source.start(told);
        assertEquals(List.of("b", "self"), Told.names(told.next()));
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
        api.delete("b");
        told.withNodes("c", "self");
        assertEquals(List.of("watch"), asked());
    }

    @Test
    void aWatchThatBreaksGoesOnFromTheirEnd() throws InterruptedException {
        api.stream(Streaming.SERVED);
        source.start(told);
        told.withNodes("b", "self");
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
        api.disconnect();
        api.awaitWatch();
        api.put(Nodes.flannel("d", 4));
        told.withNodes("b", "c", "d", "self");
        assertFalse(api.asked.stream()
                        .filter(each -> each.what().contains("sendInitialEvents"))
                        .count()
                > 1);
    }

    /** What is not among them is there no more. */
    @Test
    void afterAPlaceThatIsForgottenTheyAreToldAgain() throws InterruptedException {
        api.stream(Streaming.SERVED);
        source.start(told);
        told.withNodes("b", "self");
        api.deleteUnseen("b");
        api.forget();
        told.withNodes("self");
        assertTrue(api.asked.stream().noneMatch(each -> each.what().contains("limit=500")));
    }

    /** None is lost, and none that was known goes before the end of a list that is whole. */
    @ParameterizedTest
    @EnumSource(
            value = Streaming.class,
            names = {"REFUSED", "UNKNOWN", "CUT", "WITHOUT_END"})
    void aServerThatDoesNotHaveThemIsAskedForPages(Streaming how) throws InterruptedException {
        api.stream(how);
        source.start(told);
        assertEquals(List.of("b", "self"), Told.names(told.next()));
        assertEquals(List.of("watch", "list"), asked().subList(0, 2));
        api.awaitWatch();
        api.put(Nodes.flannel("c", 3));
        told.withNodes("b", "c", "self");
    }

    @Test
    void anObjectThatIsNotBelievedIsTold() throws InterruptedException {
        api.stream(Streaming.SERVED);
        api.put(Nodes.with(
                Nodes.flannel("no-uid", 3), node -> node.withObject("/metadata").put("uid", "")));
        source.start(told);
        told.troubled("about a Node that has no uid");
        assertTrue(told.clusters.isEmpty());
        api.delete("no-uid");
        told.withNodes("b", "self");
        told.well();
    }

    @Test
    void aListThatAlwaysSaysThatThereIsMoreIsOneTrouble() throws InterruptedException {
        api.lie(
                FakeApi.NODES,
                "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"more\"},"
                        + "\"items\":[]}");
        source.start(told);
        told.troubled("with a list of nodes that has no end: its last 100 pages had nothing new on them");
        api.lie(FakeApi.NODES, null);
        told.withNodes("b", "self");
        told.well();
    }
}
