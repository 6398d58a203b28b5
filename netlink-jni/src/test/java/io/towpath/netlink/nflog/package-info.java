@NullMarked
package io.towpath.netlink.nflog;

import org.jspecify.annotations.NullMarked;
