/** A real Kubernetes: its own programs on nodes that are namespaces, with Towpath installed as its users install it. */
@NullMarked
package io.towpath.lab.kubernetes;

import org.jspecify.annotations.NullMarked;
