/**
 * The CNI protocol, version 1.1.0 and all before it: what a runtime hands over in environment and stdin becomes a
 * {@link io.towpath.cni.protocol.Request}, and a result or an error becomes the JSON that the runtime expects. Knows no
 * kernel and no disk.
 */
@NullMarked
package io.towpath.cni.protocol;

import org.jspecify.annotations.NullMarked;
