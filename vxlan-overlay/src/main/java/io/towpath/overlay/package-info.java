/** The VXLAN overlay: the device and the way to every other node. */
@NullMarked
package io.towpath.overlay;

import org.jspecify.annotations.NullMarked;
