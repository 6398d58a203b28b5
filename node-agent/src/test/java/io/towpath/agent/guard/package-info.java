@NullMarked
package io.towpath.agent.guard;

import org.jspecify.annotations.NullMarked;
