@NullMarked
package io.towpath.netlink.conntrack;

import org.jspecify.annotations.NullMarked;
