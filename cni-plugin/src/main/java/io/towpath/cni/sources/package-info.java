/** Which sources a pod's packets may have: checked where they enter the node, before the kernel answers any of them. */
@NullMarked
package io.towpath.cni.sources;

import org.jspecify.annotations.NullMarked;
