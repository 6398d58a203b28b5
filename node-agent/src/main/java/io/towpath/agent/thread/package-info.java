/** Threads that go on for as long as the agent does. */
@NullMarked
package io.towpath.agent.thread;

import org.jspecify.annotations.NullMarked;
