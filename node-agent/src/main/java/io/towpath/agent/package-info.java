/** The node agent and the operator's command line, one executable: {@code towpath-node}. */
@NullMarked
package io.towpath.agent;

import org.jspecify.annotations.NullMarked;
