@NullMarked
package io.towpath.netlink.rtnl;

import org.jspecify.annotations.NullMarked;
