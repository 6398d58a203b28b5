package io.towpath.agent.source.kube;

/**
 * What the agent must know to follow a cluster.
 *
 * @param access where the API is
 * @param node this node's name in the API
 * @param conf flannel's network configuration
 * @param names flannel's annotations
 * @param setNetworkUnavailable whether to set the node's condition NetworkUnavailable to false
 */
public record KubeSettings(
        ApiAccess access, String node, NetConf conf, AnnotationNames names, boolean setNetworkUnavailable) {}
