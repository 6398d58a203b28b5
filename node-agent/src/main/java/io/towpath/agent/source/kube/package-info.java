/** The cluster as the Kubernetes API tells it, in flannel's words: its annotations on nodes, its {@code net-conf.json}. */
@NullMarked
package io.towpath.agent.source.kube;

import org.jspecify.annotations.NullMarked;
