@NullMarked
package io.towpath.netlink;

import org.jspecify.annotations.NullMarked;
