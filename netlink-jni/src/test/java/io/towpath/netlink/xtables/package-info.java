@NullMarked
package io.towpath.netlink.xtables;

import org.jspecify.annotations.NullMarked;
