package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.net.IpAddress;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Protocol;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodReaderTest {
    private final PodReader reader = new PodReader("self");

    private static ObjectNode pod() {
        return Manifests.pod("web-0", "{app: 'web'}", "other", "10.244.1.5");
    }

    private @Nullable PodFact read(ObjectNode pod) {
        return reader.read(Manifests.read(pod, KubePod.class));
    }

    @Test
    void whatPoliciesNeed() {
        assertEquals(
                new PodFact(
                        "default",
                        "web-0",
                        Map.of("app", "web"),
                        List.of(IpAddress.parse("10.244.1.5")),
                        List.of(new NamedPort("http", Protocol.TCP, 8080)),
                        "other"),
                read(pod()));
    }

    @Test
    void equalPartsAreTheSame() {
        PodFact one = read(pod());
        PodFact other = read(Manifests.pod("web-1", "{app: 'web'}", "other", "10.244.1.6"));
        assertNotNull(one);
        assertNotNull(other);
        assertSame(one.labels(), other.labels());
        assertSame(one.ports(), other.ports());
        assertSame(one.node(), other.node());
        assertSame(one.namespace(), other.namespace());
    }

    @Test
    void bothFamiliesAndOldServers() {
        ObjectNode dual = pod();
        dual.withObject("/status")
                .set(
                        "podIPs",
                        Manifests.json("{l: [{ip: '10.244.1.5'}, {ip: 'fd00::5'}]}")
                                .path("l"));
        PodFact fact = read(dual);
        assertNotNull(fact);
        assertEquals(List.of(IpAddress.parse("10.244.1.5"), IpAddress.parse("fd00::5")), fact.addresses());
        ObjectNode old = pod();
        old.withObject("/status").remove("podIPs");
        assertEquals(read(pod()), read(old));
    }

    @Test
    void portsOfContainersThatRun() {
        ObjectNode pod = pod();
        pod.withObject("/spec").set("initContainers", Manifests.json("""
                {l: [{name: 'once', ports: [{name: 'no', containerPort: 1}]},
                     {name: 'beside', restartPolicy: 'Always', ports: [
                       {name: 'dns', containerPort: 53, protocol: 'UDP'}, {name: 'sig', containerPort: 7, protocol: 'SCTP'},
                       {name: 'x', containerPort: 5, protocol: 'QUIC'}, {name: 'y', containerPort: 70000}]}]}
                """).path("l"));
        PodFact fact = read(pod);
        assertNotNull(fact);
        assertEquals(
                List.of(
                        new NamedPort("http", Protocol.TCP, 8080),
                        new NamedPort("dns", Protocol.UDP, 53),
                        new NamedPort("sig", Protocol.SCTP, 7)),
                fact.ports());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{spec: {nodeName: ''}}",
                "{spec: {hostNetwork: true}}",
                "{status: {phase: 'Succeeded'}}",
                "{status: {phase: 'Failed'}}",
                "{status: {podIP: '', podIPs: []}}",
                "{status: {podIP: 'x', podIPs: [{ip: 'y'}, {}]}}"
            })
    void whatNoPolicySelectsIsLeftOut(String change) {
        ObjectNode pod = pod();
        Manifests.json(change)
                .properties()
                .forEach(part -> pod.withObject("/" + part.getKey()).setAll((ObjectNode) part.getValue()));
        assertNull(read(pod));
    }

    @Test
    void onThisNodeItCountsBeforeItsStatusSaysAnything() {
        ObjectNode pod = Manifests.pod("web-0", "{app: 'web'}", "self", "10.244.1.5");
        pod.remove("status");
        PodFact fact = read(pod);
        assertNotNull(fact);
        assertEquals(List.of(), fact.addresses());
    }
}
