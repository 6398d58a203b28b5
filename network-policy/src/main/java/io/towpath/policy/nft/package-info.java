/** The node's nftables table of a ruleset: how it must be, how it is, the difference, and its putting into force. */
@NullMarked
package io.towpath.policy.nft;

import org.jspecify.annotations.NullMarked;
