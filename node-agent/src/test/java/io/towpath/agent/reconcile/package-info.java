@NullMarked
package io.towpath.agent.reconcile;

import org.jspecify.annotations.NullMarked;
