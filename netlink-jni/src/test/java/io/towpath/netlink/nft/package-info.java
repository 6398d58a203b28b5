@NullMarked
package io.towpath.netlink.nft;

import org.jspecify.annotations.NullMarked;
