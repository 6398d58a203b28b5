/** Where the agent learns of the cluster: the Kubernetes API, or the cluster file. */
@NullMarked
package io.towpath.agent.source;

import org.jspecify.annotations.NullMarked;
