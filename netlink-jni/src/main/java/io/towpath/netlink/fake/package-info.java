/**
 * A kernel in memory, for the tests of whatever goes over {@link io.towpath.netlink.rtnl.Rtnl}. It takes the same bytes as
 * the real one and keeps its rules, as far as pods and overlays need them.
 */
@NullMarked
package io.towpath.netlink.fake;

import org.jspecify.annotations.NullMarked;
