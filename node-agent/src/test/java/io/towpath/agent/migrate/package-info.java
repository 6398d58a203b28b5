/** Tests of the way here, the way back and the way out. */
@NullMarked
package io.towpath.agent.migrate;

import org.jspecify.annotations.NullMarked;
