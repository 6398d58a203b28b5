/** What the agent knows, kept on disk for a start while the Kubernetes API is away. */
@NullMarked
package io.towpath.agent.cache;

import org.jspecify.annotations.NullMarked;
