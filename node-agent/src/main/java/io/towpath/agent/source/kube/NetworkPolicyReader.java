package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.towpath.net.IpPrefix;
import io.towpath.policy.facts.Interner;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads NetworkPolicies. Whatever one says is an answer, never an error; what cannot be understood says so in the fact. */
final class NetworkPolicyReader {
    private final PolicyJson json;
    private final Interner<RuleFact> rules = new Interner<>();

    NetworkPolicyReader(PolicyJson json) {
        this.json = json;
    }

    PolicyFact read(KubeNetworkPolicy policy) {
        ObjectMeta metadata = policy.getMetadata();
        JsonNode spec = policy.getSpec();
        boolean dryRun = Labels.isDryRun(metadata);
        try {
            Selector pods = json.selector(PolicyJson.field(spec, "podSelector"));
            List<String> types = new ArrayList<>();
            for (JsonNode type : PolicyJson.list(spec, "policyTypes")) {
                types.add(PolicyJson.text("policyTypes", type));
            }
            List<RuleFact> ingress = rules(spec, "ingress", "from");
            List<RuleFact> egress = rules(spec, "egress", "to");
            return PolicyFact.of(metadata.getNamespace(), metadata.getName(), pods, types, ingress, egress)
                    .withDryRun(dryRun);
        } catch (UnreadableException e) {
            return flawed(metadata, e.why(), dryRun);
        } catch (IllegalArgumentException e) {
            return flawed(metadata, String.valueOf(e.getMessage()), dryRun);
        }
    }

    private static PolicyFact flawed(ObjectMeta metadata, String why, boolean dryRun) {
        Selector nobody = Selector.unreadable(why);
        return new PolicyFact(
                metadata.getNamespace(), metadata.getName(), nobody, true, false, List.of(), List.of(), dryRun);
    }

    private List<RuleFact> rules(@Nullable JsonNode spec, String field, String peers) throws UnreadableException {
        List<RuleFact> facts = new ArrayList<>();
        for (JsonNode rule : PolicyJson.list(spec, field)) {
            facts.add(rules.intern(rule(rule, peers)));
        }
        return facts;
    }

    private RuleFact rule(JsonNode rule, String peers) {
        try {
            PolicyJson.allow("the rule", rule, Set.of(peers, "ports"));
            List<Peer> whom = new ArrayList<>();
            for (JsonNode each : PolicyJson.list(rule, peers)) {
                whom.add(peer(each));
            }
            List<PortMatch> ports = new ArrayList<>();
            for (JsonNode each : PolicyJson.list(rule, "ports")) {
                ports.add(port(each));
            }
            return new RuleFact(whom, ports);
        } catch (UnreadableException e) {
            return new RuleFact(List.of(new Peer.Unknown(e.why())), List.of());
        }
    }

    private Peer peer(JsonNode peer) {
        try {
            PolicyJson.allow("a peer", peer, Set.of("podSelector", "namespaceSelector", "ipBlock"));
            boolean pods = PolicyJson.has(peer, "podSelector");
            boolean namespaces = PolicyJson.has(peer, "namespaceSelector");
            if (PolicyJson.has(peer, "ipBlock")) {
                if (pods || namespaces) {
                    throw new UnreadableException("a peer has an ipBlock and a selector");
                }
                return block(peer.path("ipBlock"));
            }
            if (!pods && !namespaces) {
                throw new UnreadableException("a peer has no field that is known");
            }
            return new Peer.Pods(
                    namespaces ? json.selector(peer.path("namespaceSelector")) : null,
                    json.selector(PolicyJson.field(peer, "podSelector")));
        } catch (UnreadableException e) {
            return new Peer.Unknown(e.why());
        }
    }

    private static Peer block(JsonNode block) throws UnreadableException {
        PolicyJson.allow("an ipBlock", block, Set.of("cidr", "except"));
        List<IpPrefix> except = new ArrayList<>();
        for (JsonNode each : PolicyJson.list(block, "except")) {
            except.add(PolicyJson.cidr(each));
        }
        return new Peer.Block(PolicyJson.cidr(PolicyJson.field(block, "cidr")), except);
    }

    private static PortMatch port(JsonNode json) {
        try {
            PolicyJson.allow("a port", json, Set.of("protocol", "port", "endPort"));
            JsonNode name = PolicyJson.field(json, "protocol");
            Protocol protocol = name.isMissingNode() || name.isTextual() ? PolicyJson.protocol(name.textValue()) : null;
            if (protocol == null) {
                throw new UnreadableException("protocol " + PolicyJson.quoted(name));
            }
            JsonNode port = PolicyJson.field(json, "port");
            JsonNode end = PolicyJson.field(json, "endPort");
            if (!end.isMissingNode() && !port.isNumber()) {
                throw new UnreadableException("endPort without a port that is a number");
            }
            if (port.isMissingNode()) {
                return new PortMatch.All(protocol);
            }
            if (port.isTextual()) {
                return new PortMatch.Named(protocol, port.textValue());
            }
            int first = PolicyJson.number("port", port);
            return new PortMatch.Numbered(
                    protocol, first, end.isMissingNode() ? first : PolicyJson.number("endPort", end));
        } catch (UnreadableException e) {
            return new PortMatch.Unknown(e.why());
        }
    }
}
