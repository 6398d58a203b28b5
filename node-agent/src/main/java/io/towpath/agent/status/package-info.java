/** How the agent and its node are, as values that others read: the command line, metrics, probes. */
@NullMarked
package io.towpath.agent.status;

import org.jspecify.annotations.NullMarked;
