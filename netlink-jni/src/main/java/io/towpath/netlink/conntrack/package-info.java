/** Tracked connections: those whose way has changed are forgotten. */
@NullMarked
package io.towpath.netlink.conntrack;

import org.jspecify.annotations.NullMarked;
