/** From facts to a ruleset: no I/O, and what did not change is not looked at again. */
@NullMarked
package io.towpath.policy.compile;

import org.jspecify.annotations.NullMarked;
