/** The enforcement of the cluster's policies on this node: which pods it has, what holds for them, and that it does. */
@NullMarked
package io.towpath.agent.policy;

import org.jspecify.annotations.NullMarked;
