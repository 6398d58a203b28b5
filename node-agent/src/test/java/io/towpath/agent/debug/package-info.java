/** The debug package, tested. */
@NullMarked
package io.towpath.agent.debug;

import org.jspecify.annotations.NullMarked;
