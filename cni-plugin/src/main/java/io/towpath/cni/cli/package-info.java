/** The operator's side of the executable: what {@code towpath} does when no runtime calls it. */
@NullMarked
package io.towpath.cni.cli;

import org.jspecify.annotations.NullMarked;
