@NullMarked
package io.towpath.netlink.ipset;

import org.jspecify.annotations.NullMarked;
