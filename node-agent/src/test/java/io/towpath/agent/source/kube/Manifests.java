package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Objects as the API has them, written short. */
final class Manifests {
    private static final JsonMapper LENIENT = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .build();

    private Manifests() {}

    /** Names need no quotation marks; apostrophes stand for them elsewhere. */
    static ObjectNode json(String text) {
        try {
            return (ObjectNode) LENIENT.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError(text, e);
        }
    }

    /** As the client reads it. */
    static <T> T read(ObjectNode object, Class<T> type) {
        try {
            return FakeApi.MAPPER.treeToValue(object, type);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    static ObjectNode namespace(String name, String labels) {
        return json("{kind: 'Namespace', apiVersion: 'v1', metadata: {name: '" + name + "', labels: " + labels + "}}");
    }

    /** A pod with much that nobody here asks for. */
    static ObjectNode pod(String name, String labels, String node, String ip) {
        return json("""
                {kind: 'Pod', apiVersion: 'v1',
                 metadata: {name: '%s', namespace: 'default', uid: 'uid-of-%s', labels: %s, annotations: {a: 'b'}, generateName: 'x-',
                   managedFields: [{manager: 'kubelet', fieldsV1: {}}], ownerReferences: [{kind: 'ReplicaSet', name: 'r'}]},
                 spec: {nodeName: '%s', volumes: [{name: 'token', projected: {}}], tolerations: [{operator: 'Exists'}],
                   containers: [{name: 'main', image: 'registry.example/a:1', env: [{name: 'A', value: 'b'}], ports: [
                     {name: 'http', containerPort: 8080, protocol: 'TCP'}, {containerPort: 9090}]}]},
                 status: {phase: 'Running', podIP: '%s', podIPs: [{ip: '%s'}], conditions: [{type: 'Ready', status: 'True'}],
                   containerStatuses: [{name: 'main', ready: true}]}}
                """.formatted(name, name, labels, node, ip, ip));
    }

    static ObjectNode policy(String name, String spec) {
        return json("{kind: 'NetworkPolicy', apiVersion: 'networking.k8s.io/v1', metadata: {name: '" + name
                + "', namespace: 'default'}, spec: " + spec + "}");
    }

    static ObjectNode clusterPolicy(String name, String spec) {
        return json("{kind: 'ClusterNetworkPolicy', apiVersion: 'policy.networking.k8s.io/v1beta1', metadata: {name: '"
                + name + "'}, spec: " + spec + "}");
    }
}
