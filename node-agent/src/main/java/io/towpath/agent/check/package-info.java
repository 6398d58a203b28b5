/** Looks for what is known to break a node's network, in what the kernel and the files show; changes nothing. */
@NullMarked
package io.towpath.agent.check;

import org.jspecify.annotations.NullMarked;
