@NullMarked
package io.towpath.agent.thread;

import org.jspecify.annotations.NullMarked;
