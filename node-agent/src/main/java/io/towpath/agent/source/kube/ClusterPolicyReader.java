package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.towpath.policy.facts.ClusterPolicyFact;
import io.towpath.policy.facts.ClusterPolicyFact.Action;
import io.towpath.policy.facts.ClusterPolicyFact.Rule;
import io.towpath.policy.facts.ClusterPolicyFact.Subject;
import io.towpath.policy.facts.ClusterPolicyFact.Tier;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads ClusterNetworkPolicies, as {@link NetworkPolicyReader} the others. */
final class ClusterPolicyReader {
    private static final int LAST_PRIORITY = 1000;
    private static final Set<String> INGRESS_PEERS = Set.of("namespaces", "pods");
    private static final Set<String> EGRESS_PEERS = Set.of("namespaces", "pods", "nodes", "networks", "domainNames");
    private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "sctp", "destinationNamedPort");

    private final PolicyJson json;

    ClusterPolicyReader(PolicyJson json) {
        this.json = json;
    }

    ClusterPolicyFact read(KubeClusterPolicy policy) {
        ObjectMeta metadata = policy.getMetadata();
        JsonNode spec = policy.getSpec();
        String name = metadata.getName();
        boolean dryRun = Labels.isDryRun(metadata);
        try {
            return new ClusterPolicyFact(
                    name,
                    tier(PolicyJson.field(spec, "tier")),
                    priority(PolicyJson.field(spec, "priority")),
                    subject(PolicyJson.field(spec, "subject")),
                    rules(spec, "ingress", "from", INGRESS_PEERS),
                    rules(spec, "egress", "to", EGRESS_PEERS),
                    dryRun);
        } catch (UnreadableException e) {
            Subject nobody = new Subject(Selector.unreadable(e.why()), Selector.EVERYTHING);
            return new ClusterPolicyFact(name, Tier.ADMIN, 0, nobody, List.of(), List.of(), dryRun);
        }
    }

    private static Tier tier(JsonNode json) throws UnreadableException {
        return switch (json.asText()) {
            case "Admin" -> Tier.ADMIN;
            case "Baseline" -> Tier.BASELINE;
            default -> throw new UnreadableException("tier " + PolicyJson.quoted(json));
        };
    }

    private static int priority(JsonNode json) throws UnreadableException {
        int priority = PolicyJson.number("priority", json);
        if (priority < 0 || priority > LAST_PRIORITY) {
            throw new UnreadableException("priority " + priority);
        }
        return priority;
    }

    private Subject subject(JsonNode json) throws UnreadableException {
        Peer.Pods pods = pods(json, PolicyJson.only("the subject", json, INGRESS_PEERS));
        return new Subject(namespaces(pods), pods.pods());
    }

    private static Selector namespaces(Peer.Pods pods) {
        Selector namespaces = pods.namespaces();
        return namespaces == null ? Selector.EVERYTHING : namespaces;
    }

    private Peer.Pods pods(JsonNode json, String field) throws UnreadableException {
        JsonNode value = json.path(field);
        if (field.equals("namespaces")) {
            return new Peer.Pods(this.json.selector(value), Selector.EVERYTHING);
        }
        PolicyJson.allow(field, value, Set.of("namespaceSelector", "podSelector"));
        return new Peer.Pods(
                this.json.selector(PolicyJson.field(value, "namespaceSelector")),
                this.json.selector(PolicyJson.field(value, "podSelector")));
    }

    private List<Rule> rules(@Nullable JsonNode spec, String field, String peers, Set<String> known)
            throws UnreadableException {
        List<Rule> facts = new ArrayList<>();
        for (JsonNode rule : PolicyJson.list(spec, field)) {
            facts.add(rule(rule, peers, known));
        }
        return facts;
    }

    private Rule rule(JsonNode rule, String peers, Set<String> known) {
        String name = PolicyJson.field(rule, "name").asText();
        // What is unreadable of a rule that does not accept denies everything.
        Action action = Action.DENY;
        try {
            action = action(PolicyJson.field(rule, "action"));
            PolicyJson.allow("the rule", rule, Set.of("name", "action", peers, "protocols"));
            List<Peer> whom = new ArrayList<>();
            for (JsonNode each : PolicyJson.list(rule, peers)) {
                whom.addAll(peers(each, known));
            }
            List<PortMatch> ports = new ArrayList<>();
            for (JsonNode each : PolicyJson.list(rule, "protocols")) {
                ports.add(port(each));
            }
            return new Rule(name, action, whom, ports);
        } catch (UnreadableException e) {
            return new Rule(name, action, List.of(new Peer.Unknown(e.why())), List.of());
        }
    }

    private static Action action(JsonNode json) throws UnreadableException {
        return switch (json.asText()) {
            case "Accept" -> Action.ACCEPT;
            case "Deny" -> Action.DENY;
            case "Pass" -> Action.PASS;
            default -> throw new UnreadableException("action " + PolicyJson.quoted(json));
        };
    }

    private List<Peer> peers(JsonNode peer, Set<String> known) {
        try {
            String field = PolicyJson.only("a peer", peer, known);
            return switch (field) {
                case "nodes" -> List.of(new Peer.Nodes(json.selector(peer.path(field))));
                case "networks" -> blocks(peer);
                case "domainNames" -> throw new UnreadableException("domain names are not supported");
                default -> List.of(pods(peer, field));
            };
        } catch (UnreadableException e) {
            return List.of(new Peer.Unknown(e.why()));
        }
    }

    private static List<Peer> blocks(JsonNode peer) throws UnreadableException {
        List<Peer> blocks = new ArrayList<>();
        for (JsonNode each : PolicyJson.list(peer, "networks")) {
            blocks.add(new Peer.Block(PolicyJson.cidr(each), List.of()));
        }
        return blocks;
    }

    private static PortMatch port(JsonNode json) {
        try {
            String field = PolicyJson.only("a protocol", json, PROTOCOLS);
            JsonNode value = json.path(field);
            return switch (field) {
                case "tcp" -> port(Protocol.TCP, value);
                case "udp" -> port(Protocol.UDP, value);
                case "sctp" -> port(Protocol.SCTP, value);
                default -> new PortMatch.Named(null, PolicyJson.text(field, value));
            };
        } catch (UnreadableException e) {
            return new PortMatch.Unknown(e.why());
        }
    }

    private static PortMatch port(Protocol protocol, JsonNode match) throws UnreadableException {
        PolicyJson.allow("a protocol", match, Set.of("destinationPort"));
        JsonNode port = PolicyJson.field(match, "destinationPort");
        if (port.isMissingNode()) {
            return new PortMatch.All(protocol);
        }
        if (PolicyJson.only("a destinationPort", port, Set.of("number", "range"))
                .equals("number")) {
            int number = PolicyJson.number("number", port.path("number"));
            return new PortMatch.Numbered(protocol, number, number);
        }
        JsonNode range = port.path("range");
        PolicyJson.allow("a range", range, Set.of("start", "end"));
        return new PortMatch.Numbered(
                protocol,
                PolicyJson.number("start", PolicyJson.field(range, "start")),
                PolicyJson.number("end", PolicyJson.field(range, "end")));
    }
}
