/** Keeps the node what the cluster says: one thread that looks, compares and mends. */
@NullMarked
package io.towpath.agent.reconcile;

import org.jspecify.annotations.NullMarked;
