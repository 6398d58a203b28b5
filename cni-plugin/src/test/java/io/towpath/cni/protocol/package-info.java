/** Tests of the CNI protocol. */
@NullMarked
package io.towpath.cni.protocol;

import org.jspecify.annotations.NullMarked;
