/** Packets that rules of nftables log, over nfnetlink. */
@NullMarked
package io.towpath.netlink.nflog;

import org.jspecify.annotations.NullMarked;
