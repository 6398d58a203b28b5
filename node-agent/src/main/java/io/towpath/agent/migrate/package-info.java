/** The way here from another network, the way back to it, and the way out: what is removed from a node, by whose names. */
@NullMarked
package io.towpath.agent.migrate;

import org.jspecify.annotations.NullMarked;
