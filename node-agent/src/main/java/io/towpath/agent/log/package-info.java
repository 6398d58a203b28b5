/** The agent's log: one line per event, on standard error. */
@NullMarked
package io.towpath.agent.log;

import org.jspecify.annotations.NullMarked;
