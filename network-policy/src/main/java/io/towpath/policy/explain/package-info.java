/** Why a packet passes or does not, for a person. */
@NullMarked
package io.towpath.policy.explain;

import org.jspecify.annotations.NullMarked;
