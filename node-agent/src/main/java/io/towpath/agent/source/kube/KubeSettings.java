package io.towpath.agent.source.kube;

import java.nio.file.Path;

/**
 * What the agent must know to follow a cluster.
 *
 * @param access where the API is
 * @param node this node's name in the API
 * @param netConf the file with flannel's network configuration
 * @param names flannel's annotations
 * @param setNetworkUnavailable whether to set the node's condition NetworkUnavailable
 */
public record KubeSettings(
        ApiAccess access, String node, Path netConf, AnnotationNames names, boolean setNetworkUnavailable) {}
