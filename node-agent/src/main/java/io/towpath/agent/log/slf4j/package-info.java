/** What libraries log, by way of SLF4J, in the agent's log. */
@NullMarked
package io.towpath.agent.log.slf4j;

import org.jspecify.annotations.NullMarked;
