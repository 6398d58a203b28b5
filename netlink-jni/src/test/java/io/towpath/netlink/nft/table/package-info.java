@NullMarked
package io.towpath.netlink.nft.table;

import org.jspecify.annotations.NullMarked;
