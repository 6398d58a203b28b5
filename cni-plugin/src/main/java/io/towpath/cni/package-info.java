/** The executable's CNI verbs: protocol, configuration, wiring of one pod. */
@NullMarked
package io.towpath.cni;

import org.jspecify.annotations.NullMarked;
