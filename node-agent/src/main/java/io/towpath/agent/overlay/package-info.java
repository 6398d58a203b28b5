/** Keeps the overlay what the cluster says. */
@NullMarked
package io.towpath.agent.overlay;

import org.jspecify.annotations.NullMarked;
