package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Which versions of ClusterNetworkPolicy an API server serves, by its discovery: {@code /apis/<group>} and {@code /apis/<group>/<version>}. */
final class ClusterPolicyVersions {
    private static final String GROUPS = "/apis";
    private static final String GROUP = "policy.networking.k8s.io";
    private static final String PLURAL = "clusternetworkpolicies";

    /** Those that are understood, the best first. All of them say the same in the same words (network-policy-api v0.3.0). */
    private static final List<String> KNOWN = List.of("v1beta1", "v1alpha2");

    private ClusterPolicyVersions() {}

    /** What there is. */
    sealed interface Answer {
        /**
         * The kind is there.
         *
         * @param version the best of those that are understood
         */
        record Served(String version) implements Answer {
            String apiVersion() {
                return GROUP + '/' + version;
            }

            String path() {
                return "/apis/" + apiVersion() + '/' + PLURAL;
            }

            boolean isBest() {
                return version.equals(KNOWN.getFirst());
            }
        }

        /**
         * The kind is there, in words that nobody here understands.
         *
         * @param versions all that there are
         */
        record Unknown(List<String> versions) implements Answer {
            String why() {
                return "served is " + String.join(" and ", versions) + ", understood are " + String.join(" and ", KNOWN)
                        + ": another release of Towpath is needed";
            }
        }

        /** No version of the group has the kind, or there is no such group. */
        record Absent() implements Answer {}
    }

    /** The future fails as those of {@link ApiCalls}. */
    static CompletableFuture<Answer> ask(ApiCalls calls) {
        String path = GROUPS + '/' + GROUP;
        return calls.get(path, JsonNode.class)
                .thenApply(group -> {
                    Belief.require(group, "APIGroup", "name", GROUP);
                    return group;
                })
                .exceptionallyCompose(failure -> noGroup(calls, failure))
                .thenCompose(group -> ask(calls, path, ordered(group), 0, new ArrayList<>()));
    }

    /** Whatever stands before the API may find nothing: that there is no such group is for the API itself to say. */
    private static CompletableFuture<JsonNode> noGroup(ApiCalls calls, Throwable failure) {
        ApiRefusal refusal = Failures.refusal(failure);
        if (refusal == null || !refusal.isNotFound()) {
            return CompletableFuture.failedFuture(failure);
        }
        return calls.get(GROUPS, JsonNode.class).thenApply(all -> {
            Belief.require(all, "APIGroupList", "apiVersion", "v1");
            for (JsonNode each : all.path("groups")) {
                if (GROUP.equals(each.path("name").asText())) {
                    throw refusal;
                }
            }
            return MissingNode.getInstance();
        });
    }

    private static List<String> ordered(JsonNode group) {
        List<String> served = new ArrayList<>();
        group.path("versions").forEach(each -> served.add(each.path("version").asText()));
        List<String> ordered = new ArrayList<>(KNOWN);
        ordered.retainAll(served);
        served.removeAll(KNOWN);
        ordered.addAll(served);
        return ordered;
    }

    /** Looks for the kind from one of the versions on. */
    private static CompletableFuture<Answer> ask(
            ApiCalls calls, String path, List<String> versions, int at, List<String> unknown) {
        if (at == versions.size()) {
            return CompletableFuture.completedFuture(
                    unknown.isEmpty() ? new Answer.Absent() : new Answer.Unknown(List.copyOf(unknown)));
        }
        String version = versions.get(at);
        return calls.get(path + '/' + version, JsonNode.class).thenCompose(resources -> {
            Belief.require(resources, "APIResourceList", "groupVersion", GROUP + '/' + version);
            if (has(resources)) {
                if (KNOWN.contains(version)) {
                    return CompletableFuture.completedFuture(new Answer.Served(version));
                }
                unknown.add(version);
            }
            return ask(calls, path, versions, at + 1, unknown);
        });
    }

    private static boolean has(JsonNode resources) {
        for (JsonNode each : resources.path("resources")) {
            if (each.path("name").asText().equals(PLURAL)) {
                return true;
            }
        }
        return false;
    }
}
