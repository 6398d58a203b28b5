@NullMarked
package io.towpath.policy.scale;

import org.jspecify.annotations.NullMarked;
