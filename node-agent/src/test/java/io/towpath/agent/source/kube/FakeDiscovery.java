package io.towpath.agent.source.kube;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What a {@link FakeApi} tells of its own version, and of those of ClusterNetworkPolicy. */
final class FakeDiscovery {
    /** Of ClusterNetworkPolicy; in the order of discovery. */
    private List<String> served = List.of("v1alpha2", "v1beta1");
    /** Versions of the same group that have other kinds alone. */
    private List<String> others = List.of();

    synchronized void serve(String... versions) {
        served = List.of(versions);
    }

    synchronized void serveOthers(String... versions) {
        others = List.of(versions);
    }

    /** Whether the version of a path is served: of ClusterNetworkPolicies some, of all else the one that there is. */
    synchronized boolean serves(String path) {
        return !path.startsWith(FakeApi.GROUP) || served.contains(path.split("/", -1)[3]);
    }

    /** @param custom other groups that there are */
    synchronized FakeReply groups(Collection<String> custom) {
        ObjectNode all =
                FakeApi.MAPPER.createObjectNode().put("kind", "APIGroupList").put("apiVersion", "v1");
        ArrayNode groups = all.putArray("groups");
        groups.addObject().put("name", "networking.k8s.io");
        if (!others.isEmpty() || !served.isEmpty()) {
            groups.addObject().put("name", "policy.networking.k8s.io");
        }
        custom.forEach(group -> groups.addObject().put("name", group));
        return FakeReply.json(200, all);
    }

    synchronized FakeReply answer(String path) {
        List<String> versions = new ArrayList<>(others);
        versions.addAll(served);
        if (path.equals(FakeApi.VERSION)) {
            return FakeReply.json(200, FakeApi.MAPPER.createObjectNode().put("gitVersion", "v1.37.2"));
        }
        if (versions.isEmpty() || !path.startsWith(FakeApi.GROUP)) {
            return FakeReply.notFound();
        }
        if (path.equals(FakeApi.GROUP)) {
            ObjectNode group =
                    FakeApi.MAPPER.createObjectNode().put("kind", "APIGroup").put("name", "policy.networking.k8s.io");
            ArrayNode list = group.putArray("versions");
            versions.forEach(each -> list.addObject()
                    .put("groupVersion", "policy.networking.k8s.io/" + each)
                    .put("version", each));
            return FakeReply.json(200, group);
        }
        String version = path.substring(FakeApi.GROUP.length() + 1);
        if (!versions.contains(version)) {
            return FakeReply.notFound();
        }
        ObjectNode resources = FakeApi.MAPPER
                .createObjectNode()
                .put("kind", "APIResourceList")
                .put("groupVersion", "policy.networking.k8s.io/" + version);
        resources
                .putArray("resources")
                .addObject()
                .put("name", served.contains(version) ? "clusternetworkpolicies" : "adminnetworkpolicies");
        return FakeReply.json(200, resources);
    }
}
