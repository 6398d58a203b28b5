/** The one loop of the agent: when controllers run, on which thread and in which order, and what becomes of their failures. */
@NullMarked
package io.towpath.agent.runtime;

import org.jspecify.annotations.NullMarked;
