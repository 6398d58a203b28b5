@NullMarked
package io.towpath.policy.compile;

import org.jspecify.annotations.NullMarked;
