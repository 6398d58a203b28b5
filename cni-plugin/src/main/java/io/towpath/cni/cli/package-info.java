/** The operator's side of the executable: what {@code towpath} does when no runtime calls it; and what command lines are made of. */
@NullMarked
package io.towpath.cni.cli;

import org.jspecify.annotations.NullMarked;
