@NullMarked
package io.towpath.netlink.fake;

import org.jspecify.annotations.NullMarked;
