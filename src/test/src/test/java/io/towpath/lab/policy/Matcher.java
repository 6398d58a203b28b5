package io.towpath.lab.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a packet has to pass, read off the objects and the words of the two APIs, object by object, with nothing in between. */
final class Matcher {
    private final World world;

    Matcher(World world) {
        this.world = world;
    }

    /** One end of a connection, and what it wants to know of the other: null where it is no pod. */
    private record Side(
            ObjectNode pod,
            boolean isIngress,
            @Nullable ObjectNode other,
            String otherAddress,
            @Nullable ObjectNode receiver,
            int port,
            Protocol protocol) {}

    /** Both ends have a say. */
    boolean allows(Probe probe) {
        ObjectNode from = world.findPod(probe.from());
        ObjectNode to = world.findPod(probe.to());
        boolean isOwnNode = to != null
                && probe.from()
                        .equals(World.nodePlace(to.path("spec").path("nodeName").asText()));
        if (isOwnNode) {
            return true; // a pod is always reached by the node that it is on
        }
        return (from == null
                        || allows(new Side(from, false, to, probe.destination(), to, probe.port(), probe.protocol())))
                && (to == null || allows(new Side(to, true, from, probe.source(), to, probe.port(), probe.protocol())));
    }

    private boolean allows(Side side) {
        String admin = clusterVerdict("Admin", side);
        if (!admin.equals("Pass")) {
            return admin.equals("Accept");
        }
        List<ObjectNode> policies = world.of("NetworkPolicy").stream()
                .filter(policy -> selects(policy, side))
                .toList();
        if (!policies.isEmpty()) {
            return policies.stream().anyMatch(policy -> allows(policy, side));
        }
        return !clusterVerdict("Baseline", side).equals("Deny");
    }

    // ---- networking.k8s.io/v1

    private static boolean selects(JsonNode policy, Side side) {
        return World.namespace(policy).equals(World.namespace(side.pod))
                && WellFormed.isPolicy(policy.path("spec"))
                && matches(policy.path("spec").path("podSelector"), labels(side.pod))
                && isolates(policy.path("spec"), side.isIngress);
    }

    private static boolean isolates(JsonNode spec, boolean ingress) {
        JsonNode types = spec.path("policyTypes");
        if (types.isEmpty()) {
            return ingress || !spec.path("egress").isEmpty();
        }
        return has(types, ingress ? "Ingress" : "Egress");
    }

    private boolean allows(JsonNode policy, Side side) {
        for (JsonNode rule : policy.path("spec").path(side.isIngress ? "ingress" : "egress")) {
            if (!WellFormed.isRule(rule, side.isIngress ? "from" : "to")) {
                continue;
            }
            JsonNode peers = rule.path(side.isIngress ? "from" : "to");
            JsonNode ports = rule.path("ports");
            boolean isPeer = peers.isEmpty() || any(peers, peer -> isPeer(peer, World.namespace(policy), side));
            boolean isPort = ports.isEmpty() || any(ports, port -> isPort(port, side));
            if (isPeer && isPort) {
                return true;
            }
        }
        return false;
    }

    private boolean isPeer(JsonNode peer, String ownNamespace, Side side) {
        if (peer.has("ipBlock")) {
            JsonNode block = peer.path("ipBlock");
            return contains(block.path("cidr").asText(), side.otherAddress)
                    && !any(block.path("except"), except -> contains(except.asText(), side.otherAddress));
        }
        if (side.other == null) {
            return false;
        }
        boolean isInNamespace = peer.has("namespaceSelector")
                ? matches(peer.path("namespaceSelector"), namespaceLabels(side.other))
                : World.namespace(side.other).equals(ownNamespace);
        return isInNamespace && matches(peer.path("podSelector"), labels(side.other));
    }

    private static boolean isPort(JsonNode port, Side side) {
        if (!port.path("protocol").asText("TCP").equals(side.protocol.toString())) {
            return false;
        }
        JsonNode value = port.path("port");
        if (value.isTextual()) {
            return isNamed(value.asText(), side);
        }
        if (value.isMissingNode()) {
            return true;
        }
        return value.asInt() <= side.port && side.port <= port.path("endPort").asInt(value.asInt());
    }

    /** Whether the receiving pod calls the port so, of the protocol that the packet is of. */
    private static boolean isNamed(String name, Side side) {
        if (side.receiver == null) {
            return false;
        }
        for (JsonNode container : side.receiver.path("spec").path("containers")) {
            for (JsonNode port : container.path("ports")) {
                if (port.path("name").asText().equals(name)
                        && port.path("containerPort").asInt() == side.port
                        && port.path("protocol").asText("TCP").equals(side.protocol.toString())) {
                    return true;
                }
            }
        }
        return false;
    }

    // ---- policy.networking.k8s.io/v1alpha2

    /** The action of the first rule of the tier that is about it; Pass if none is. */
    private String clusterVerdict(String tier, Side side) {
        List<ObjectNode> policies = world.of("ClusterNetworkPolicy").stream()
                .filter(policy -> policy.path("spec").path("tier").asText().equals(tier))
                .sorted(Comparator.comparingInt(
                        policy -> policy.path("spec").path("priority").asInt()))
                .toList();
        for (ObjectNode policy : policies) {
            JsonNode spec = policy.path("spec");
            if (isPods(spec.path("subject"), side.pod)) {
                for (JsonNode rule : spec.path(side.isIngress ? "ingress" : "egress")) {
                    String action = rule.path("action").asText();
                    if (!WellFormed.isClusterRule(rule, side.isIngress ? "from" : "to")) {
                        if (!action.equals("Accept")) {
                            return "Deny";
                        }
                    } else if (isAbout(rule, side)) {
                        return action;
                    }
                }
            }
        }
        return "Pass";
    }

    private boolean isAbout(JsonNode rule, Side side) {
        JsonNode protocols = rule.path("protocols");
        return any(rule.path(side.isIngress ? "from" : "to"), peer -> isClusterPeer(peer, side))
                && (protocols.isEmpty() || any(protocols, protocol -> isProtocol(protocol, side)));
    }

    private boolean isClusterPeer(JsonNode peer, Side side) {
        if (peer.has("networks")) {
            return any(peer.path("networks"), cidr -> contains(cidr.asText(), side.otherAddress));
        }
        if (peer.has("nodes")) {
            return world.of("Node").stream()
                    .filter(node -> matches(peer.path("nodes"), labels(node)))
                    .anyMatch(node -> isOf(node, side.otherAddress));
        }
        return side.other != null && isPods(peer, side.other);
    }

    /** By an address of its status, or that of its VXLAN device, which is the first of its slice. */
    private static boolean isOf(JsonNode node, String sought) {
        return any(
                        node.path("status").path("addresses"),
                        address -> address.path("address").asText().equals(sought))
                || any(
                        node.path("spec").path("podCIDRs"),
                        slice -> slice.asText().replaceFirst("/.*", "").equals(sought));
    }

    /** What subjects and peers have in common. */
    private boolean isPods(JsonNode selection, ObjectNode pod) {
        if (selection.has("namespaces")) {
            return matches(selection.path("namespaces"), namespaceLabels(pod));
        }
        return selection.has("pods")
                && matches(selection.path("pods").path("namespaceSelector"), namespaceLabels(pod))
                && matches(selection.path("pods").path("podSelector"), labels(pod));
    }

    private static boolean isProtocol(JsonNode protocol, Side side) {
        if (protocol.has("destinationNamedPort")) {
            return isNamed(protocol.path("destinationNamedPort").asText(), side);
        }
        JsonNode own = protocol.get(side.protocol.toString().toLowerCase(java.util.Locale.ROOT));
        if (own == null) {
            return false;
        }
        JsonNode port = own.path("destinationPort");
        if (port.has("number")) {
            return port.path("number").asInt() == side.port;
        }
        JsonNode range = port.path("range");
        return range.isMissingNode()
                || (range.path("start").asInt() <= side.port
                        && side.port <= range.path("end").asInt());
    }

    // ---- labels and addresses

    /** Whether a label selector selects; one without anything in it does. */
    private static boolean matches(JsonNode selector, JsonNode labels) {
        for (var label : selector.path("matchLabels").properties()) {
            if (!label.getValue().equals(labels.get(label.getKey()))) {
                return false;
            }
        }
        return !any(selector.path("matchExpressions"), expression -> !holds(expression, labels));
    }

    private static boolean holds(JsonNode expression, JsonNode labels) {
        JsonNode value = labels.get(expression.path("key").asText());
        boolean isAmong = value != null && has(expression.path("values"), value.asText());
        return switch (expression.path("operator").asText()) {
            case "In" -> isAmong;
            case "NotIn" -> !isAmong;
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            default -> throw new IllegalArgumentException("operator of " + expression);
        };
    }

    private static JsonNode labels(JsonNode object) {
        return object.path("metadata").path("labels");
    }

    private JsonNode namespaceLabels(JsonNode pod) {
        return world.namespaceLabelsOf(World.namespace(pod));
    }

    /** Whether an address is of a CIDR, by the numbers that both are. */
    static boolean contains(String cidr, String address) {
        String[] parts = cidr.split("/", -1);
        byte[] network = bytes(parts[0]);
        byte[] own = bytes(address);
        if (network.length != own.length) {
            return false;
        }
        int hostBits = network.length * Byte.SIZE - Integer.parseInt(parts[1]);
        return new BigInteger(1, network).shiftRight(hostBits).equals(new BigInteger(1, own).shiftRight(hostBits));
    }

    private static byte[] bytes(String address) {
        try {
            return InetAddress.getByName(address).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(address, e);
        }
    }

    private static boolean has(JsonNode texts, String text) {
        return any(texts, each -> each.asText().equals(text));
    }

    private static boolean any(JsonNode list, java.util.function.Predicate<JsonNode> condition) {
        for (JsonNode each : list) {
            if (condition.test(each)) {
                return true;
            }
        }
        return false;
    }
}
