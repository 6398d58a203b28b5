package io.towpath.lab.policy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * Whether what a policy says can be as it is written. API servers refuse most of what cannot, but not all, and not those of before. A rule
 * of a NetworkPolicy that cannot be allows nothing; one of a ClusterNetworkPolicy is closed, as its API wants it.
 */
final class WellFormed {
    private static final int HIGHEST_PORT = 65_535;

    private WellFormed() {}

    /** If not, the policy is about no pods. */
    static boolean isPolicy(JsonNode spec) {
        return isSelector(spec.path("podSelector"))
                && all(
                        spec.path("policyTypes"),
                        type -> Set.of("Ingress", "Egress").contains(type.asText()));
    }

    static boolean isRule(JsonNode rule, String peers) {
        return all(rule.path(peers), WellFormed::isPeer) && all(rule.path("ports"), WellFormed::isPort);
    }

    private static boolean isPeer(JsonNode peer) {
        boolean isPods = peer.has("podSelector") || peer.has("namespaceSelector");
        if (!peer.has("ipBlock")) {
            return isPods && isSelector(peer.path("podSelector")) && isSelector(peer.path("namespaceSelector"));
        }
        String cidr = peer.path("ipBlock").path("cidr").asText();
        return !isPods
                && isCidr(cidr)
                && all(
                        peer.path("ipBlock").path("except"),
                        except -> isCidr(except.asText())
                                && length(except.asText()) >= length(cidr)
                                && Matcher.contains(cidr, except.asText().replaceFirst("/.*", "")));
    }

    private static boolean isCidr(String cidr) {
        boolean isIpv4 = cidr.matches("\\d+\\.\\d+\\.\\d+\\.\\d+/\\d+");
        boolean isIpv6 = cidr.matches("[0-9a-f:]+/\\d+");
        return (isIpv4 && length(cidr) <= 32) || (isIpv6 && length(cidr) <= 128);
    }

    private static int length(String cidr) {
        return Integer.parseInt(cidr.replaceFirst(".*/", ""));
    }

    private static boolean isPort(JsonNode port) {
        boolean isProtocol =
                List.of("TCP", "UDP", "SCTP").contains(port.path("protocol").asText("TCP"));
        JsonNode first = port.path("port");
        JsonNode last = port.path("endPort");
        boolean isNumber = first.isMissingNode() || first.isTextual() || first.asInt() <= HIGHEST_PORT;
        boolean isRange = last.isMissingNode()
                || (first.isInt() && first.asInt() <= last.asInt() && last.asInt() <= HIGHEST_PORT);
        return isProtocol && isNumber && isRange;
    }

    private static boolean isSelector(JsonNode selector) {
        return all(
                selector.path("matchExpressions"),
                expression -> switch (expression.path("operator").asText()) {
                    case "In", "NotIn" -> !expression.path("values").isEmpty();
                    case "Exists", "DoesNotExist" -> expression.path("values").isEmpty();
                    default -> false;
                });
    }

    static boolean isClusterRule(JsonNode rule, String peers) {
        return all(
                        rule.path(peers),
                        peer -> hasOne(peer, "namespaces", "pods", "nodes", "networks")
                                && all(peer.path("networks"), cidr -> isCidr(cidr.asText())))
                && all(rule.path("protocols"), each -> hasOne(each, "tcp", "udp", "sctp", "destinationNamedPort"));
    }

    private static boolean hasOne(JsonNode object, String... names) {
        return object.size() == 1 && List.of(names).stream().anyMatch(object::has);
    }

    private static boolean all(JsonNode list, java.util.function.Predicate<JsonNode> condition) {
        return StreamSupport.stream(list.spliterator(), false).allMatch(condition);
    }
}
