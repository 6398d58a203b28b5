/** A real containerd on a node of the lab, spoken to as the kubelet speaks to it. */
@NullMarked
package io.towpath.lab.containerd;

import org.jspecify.annotations.NullMarked;
