/** Messages of nftables: tables, chains, sets, maps and rules, changed by atomic transactions. */
@NullMarked
package io.towpath.netlink.nft;

import org.jspecify.annotations.NullMarked;
