package io.towpath.agent.cache;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * Writes facts as JSON, one a line. What a record has is an array in its order, with the kind in front where there are several; labels are
 * names and values by turns. {@link FactsReader} reads it. A change of the form is another {@link KeptFacts#KIND}.
 */
final class FactsWriter {
    /** What others wrote into a policy may be no text: half of a surrogate pair is written as an escape, too. */
    private static final JsonFactory FACTORY =
            new JsonFactoryBuilder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private final JsonGenerator json;

    private FactsWriter(JsonGenerator json) {
        this.json = json;
    }

    /** Writes all. */
    static void write(OutputStream out, KeptFacts kept) throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
            new FactsWriter(json).all(kept);
        }
    }

    private interface Element<T> {
        void write(T value) throws IOException;
    }

    private void all(KeptFacts kept) throws IOException {
        json.writeStartArray();
        json.writeString(kept.id());
        json.writeString(kept.boot());
        Facts facts = kept.facts().facts();
        lines(facts.namespaces(), this::namespace);
        lines(facts.pods(), pod -> pod(pod, kept.facts()));
        lines(facts.nodes(), this::node);
        lines(facts.policies(), this::policy);
        lines(facts.clusterPolicies(), this::clusterPolicy);
        json.writeEndArray();
    }

    private <T> void lines(List<T> values, Element<T> element) throws IOException {
        json.writeStartArray();
        for (T value : values) {
            json.writeRaw('\n');
            element.write(value);
        }
        json.writeEndArray();
    }

    private <T> void list(List<T> values, Element<T> element) throws IOException {
        json.writeStartArray();
        for (T value : values) {
            element.write(value);
        }
        json.writeEndArray();
    }

    private void texts(List<?> values) throws IOException {
        list(values, value -> json.writeString(value.toString()));
    }

    private void labels(Map<String, String> labels) throws IOException {
        json.writeStartArray();
        for (Map.Entry<String, String> label : labels.entrySet()) {
            json.writeString(label.getKey());
            json.writeString(label.getValue());
        }
        json.writeEndArray();
    }

    private void namespace(NamespaceFact namespace) throws IOException {
        json.writeStartArray();
        json.writeString(namespace.name());
        labels(namespace.labels());
        json.writeEndArray();
    }

    private void pod(PodFact pod, PolicyFacts facts) throws IOException {
        json.writeStartArray();
        json.writeString(pod.namespace());
        json.writeString(pod.name());
        labels(pod.labels());
        texts(pod.addresses());
        list(pod.ports(), this::namedPort);
        json.writeString(pod.node());
        json.writeString(facts.uids().get(PolicyFacts.key(pod.namespace(), pod.name()))); // null for none
        json.writeEndArray();
    }

    private void namedPort(NamedPort port) throws IOException {
        json.writeStartArray();
        json.writeString(port.name());
        json.writeString(port.protocol().name());
        json.writeNumber(port.port());
        json.writeEndArray();
    }

    private void node(NodeFact node) throws IOException {
        json.writeStartArray();
        json.writeString(node.name());
        labels(node.labels());
        texts(node.addresses());
        json.writeEndArray();
    }

    private void policy(PolicyFact policy) throws IOException {
        json.writeStartArray();
        json.writeString(policy.namespace());
        json.writeString(policy.name());
        selector(policy.pods());
        json.writeBoolean(policy.isolatesIngress());
        json.writeBoolean(policy.isolatesEgress());
        list(policy.ingress(), this::rule);
        list(policy.egress(), this::rule);
        json.writeBoolean(policy.dryRun());
        json.writeEndArray();
    }

    private void rule(RuleFact rule) throws IOException {
        json.writeStartArray();
        list(rule.peers(), this::peer);
        list(rule.ports(), this::port);
        json.writeEndArray();
    }

    private void clusterPolicy(ClusterPolicyFact policy) throws IOException {
        json.writeStartArray();
        json.writeString(policy.name());
        json.writeString(policy.tier().name());
        json.writeNumber(policy.priority());
        selector(policy.subject().namespaces());
        selector(policy.subject().pods());
        list(policy.ingress(), this::clusterRule);
        list(policy.egress(), this::clusterRule);
        json.writeBoolean(policy.dryRun());
        json.writeEndArray();
    }

    private void clusterRule(ClusterPolicyFact.Rule rule) throws IOException {
        json.writeStartArray();
        json.writeString(rule.name());
        json.writeString(rule.action().name());
        list(rule.peers(), this::peer);
        list(rule.ports(), this::port);
        json.writeEndArray();
    }

    private void selector(Selector selector) throws IOException {
        json.writeStartArray();
        labels(selector.matchLabels());
        list(selector.requirements(), each -> {
            json.writeStartArray();
            json.writeString(each.key());
            json.writeString(each.operator().name());
            texts(each.values());
            json.writeEndArray();
        });
        json.writeEndArray();
    }

    private void peer(Peer peer) throws IOException {
        json.writeStartArray();
        switch (peer) {
            case Peer.Pods(Selector namespaces, Selector pods) -> {
                json.writeString("pods");
                if (namespaces == null) {
                    json.writeNull();
                } else {
                    selector(namespaces);
                }
                selector(pods);
            }
            case Peer.Block block -> {
                json.writeString("block");
                json.writeString(block.cidr().toString());
                texts(block.except());
            }
            case Peer.Nodes(Selector nodes) -> {
                json.writeString("nodes");
                selector(nodes);
            }
            case Peer.Unknown(String why) -> {
                json.writeString("unknown");
                json.writeString(why);
            }
        }
        json.writeEndArray();
    }

    private void port(PortMatch port) throws IOException {
        json.writeStartArray();
        switch (port) {
            case PortMatch.Numbered numbered -> {
                json.writeString("numbered");
                json.writeString(numbered.protocol().name());
                json.writeNumber(numbered.first());
                json.writeNumber(numbered.last());
            }
            case PortMatch.Named named -> {
                json.writeString("named");
                json.writeString(
                        named.protocol() == null ? null : named.protocol().name());
                json.writeString(named.name());
            }
            case PortMatch.All all -> {
                json.writeString("all");
                json.writeString(all.protocol().name());
            }
            case PortMatch.Unknown(String why) -> {
                json.writeString("unknown");
                json.writeString(why);
            }
        }
        json.writeEndArray();
    }
}
