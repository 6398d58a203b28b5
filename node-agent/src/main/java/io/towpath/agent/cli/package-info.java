/** The command line: the agent itself, and what operators ask of it and of the node. */
@NullMarked
package io.towpath.agent.cli;

import org.jspecify.annotations.NullMarked;
