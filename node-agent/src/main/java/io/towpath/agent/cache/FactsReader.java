package io.towpath.agent.cache;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Subject;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.Interner;
import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.NodeFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.facts.Selector.Operator;
import io.towpath.policy.facts.Selector.Requirement;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what {@link FactsWriter} wrote; equal parts are one object, as those that a source tells. */
final class FactsReader {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final JsonParser json;
    private final Map<String, String> uids = new HashMap<>();
    private final Interner<String> texts = new Interner<>();
    private final Interner<Map<String, String>> labels = new Interner<>();
    private final Interner<List<NamedPort>> namedPorts = new Interner<>();
    private final Interner<Selector> selectors = new Interner<>();
    private final Interner<RuleFact> rules = new Interner<>();

    private FactsReader(JsonParser json) {
        this.json = json;
    }

    /**
     * Reads all.
     *
     * @throws IOException or an unchecked exception if it is something else
     */
    static KeptFacts read(InputStream in) throws IOException {
        try (JsonParser json = FACTORY.createParser(in)) {
            return new FactsReader(json).all();
        }
    }

    /** Reads an element of a list, whose first token the parser is at. What a record has begins with the token after. */
    private interface Element<T> {
        T read() throws IOException;
    }

    private KeptFacts all() throws IOException {
        next(JsonToken.START_ARRAY);
        String id = text();
        String boot = text();
        List<NamespaceFact> namespaces = list(this::namespace);
        List<PodFact> pods = list(this::pod);
        List<NodeFact> nodes = list(this::node);
        List<PolicyFact> policies = list(this::policy);
        List<ClusterPolicyFact> clusterPolicies = list(this::clusterPolicy);
        next(JsonToken.END_ARRAY);
        return new KeptFacts(
                id, boot, new PolicyFacts(new Facts(pods, namespaces, nodes, policies, clusterPolicies), uids));
    }

    private void next(JsonToken wanted) throws IOException {
        json.nextToken();
        isAt(wanted);
    }

    private void isAt(JsonToken wanted) throws IOException {
        if (json.currentToken() != wanted) {
            throw new IOException(json.currentToken() + " in the place of " + wanted + " in line "
                    + json.currentLocation().getLineNr());
        }
    }

    private String text() throws IOException {
        next(JsonToken.VALUE_STRING);
        return json.getText();
    }

    private @Nullable String textOrNull() throws IOException {
        if (json.nextToken() == JsonToken.VALUE_NULL) {
            return null;
        }
        isAt(JsonToken.VALUE_STRING);
        return json.getText();
    }

    private String element() throws IOException {
        isAt(JsonToken.VALUE_STRING);
        return json.getText();
    }

    private int number() throws IOException {
        next(JsonToken.VALUE_NUMBER_INT);
        return json.getIntValue();
    }

    private boolean truth() throws IOException {
        json.nextToken();
        return json.getBooleanValue();
    }

    private <T> List<T> list(Element<T> element) throws IOException {
        next(JsonToken.START_ARRAY);
        List<T> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            values.add(element.read());
        }
        return List.copyOf(values);
    }

    private <T> T record(Element<T> fields) throws IOException {
        isAt(JsonToken.START_ARRAY);
        T value = fields.read();
        next(JsonToken.END_ARRAY);
        return value;
    }

    private Map<String, String> labels() throws IOException {
        next(JsonToken.START_ARRAY);
        Map<String, String> read = new HashMap<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            read.put(texts.intern(element()), texts.intern(text()));
        }
        return labels.intern(Map.copyOf(read));
    }

    private List<IpAddress> addresses() throws IOException {
        return list(() -> IpAddress.parse(element()));
    }

    private NamespaceFact namespace() throws IOException {
        return record(() -> new NamespaceFact(text(), labels()));
    }

    private PodFact pod() throws IOException {
        return record(() -> {
            PodFact pod = new PodFact(
                    texts.intern(text()),
                    text(),
                    labels(),
                    addresses(),
                    namedPorts.intern(list(this::namedPort)),
                    texts.intern(text()));
            String uid = textOrNull();
            if (uid != null) {
                uids.put(PolicyFacts.key(pod.namespace(), pod.name()), uid);
            }
            return pod;
        });
    }

    private NamedPort namedPort() throws IOException {
        return record(() -> new NamedPort(texts.intern(text()), Protocol.valueOf(text()), number()));
    }

    private NodeFact node() throws IOException {
        return record(() -> new NodeFact(text(), labels(), addresses()));
    }

    private PolicyFact policy() throws IOException {
        return record(() -> new PolicyFact(
                texts.intern(text()),
                text(),
                selector(),
                truth(),
                truth(),
                list(this::rule),
                list(this::rule),
                truth()));
    }

    private RuleFact rule() throws IOException {
        return rules.intern(record(() -> new RuleFact(list(this::peer), list(this::port))));
    }

    private ClusterPolicyFact clusterPolicy() throws IOException {
        return record(() -> new ClusterPolicyFact(
                text(),
                Tier.valueOf(text()),
                number(),
                new Subject(selector(), selector()),
                list(this::clusterRule),
                list(this::clusterRule),
                truth()));
    }

    private ClusterPolicyFact.Rule clusterRule() throws IOException {
        return record(
                () -> new ClusterPolicyFact.Rule(text(), Action.valueOf(text()), list(this::peer), list(this::port)));
    }

    private Selector selector() throws IOException {
        json.nextToken();
        return selectorHere();
    }

    private Selector selectorHere() throws IOException {
        return selectors.intern(record(() -> new Selector(labels(), list(this::requirement))));
    }

    private Requirement requirement() throws IOException {
        return record(() -> new Requirement(text(), Operator.valueOf(text()), list(this::element)));
    }

    private Peer peer() throws IOException {
        return record(() -> switch (text()) {
            case "pods" -> new Peer.Pods(json.nextToken() == JsonToken.VALUE_NULL ? null : selectorHere(), selector());
            case "block" -> new Peer.Block(IpPrefix.parse(text()), list(() -> IpPrefix.parse(element())));
            case "nodes" -> new Peer.Nodes(selector());
            case "unknown" -> new Peer.Unknown(text());
            default -> throw new IOException("no kind of peer: " + json.getText());
        });
    }

    private PortMatch port() throws IOException {
        return record(() -> switch (text()) {
            case "numbered" -> new PortMatch.Numbered(Protocol.valueOf(text()), number(), number());
            case "named" -> {
                String protocol = textOrNull();
                yield new PortMatch.Named(protocol == null ? null : Protocol.valueOf(protocol), text());
            }
            case "all" -> new PortMatch.All(Protocol.valueOf(text()));
            case "unknown" -> new PortMatch.Unknown(text());
            default -> throw new IOException("no kind of port: " + json.getText());
        });
    }
}
