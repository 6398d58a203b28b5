/** Tables as wholes: what one must be, what there is of it, and the smallest transaction from one to the other. */
@NullMarked
package io.towpath.netlink.nft.table;

import org.jspecify.annotations.NullMarked;
