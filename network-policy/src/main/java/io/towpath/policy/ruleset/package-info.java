/** What is to be enforced on a node, as a value: all policies are in it, none by its name. */
@NullMarked
package io.towpath.policy.ruleset;

import org.jspecify.annotations.NullMarked;
