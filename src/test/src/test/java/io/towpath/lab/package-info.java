/** A cluster on one machine: nodes, pods and the network between them as network namespaces, and witnesses of what happens. */
@NullMarked
package io.towpath.lab;

import org.jspecify.annotations.NullMarked;
