@NullMarked
package io.towpath.policy.explain;

import org.jspecify.annotations.NullMarked;
