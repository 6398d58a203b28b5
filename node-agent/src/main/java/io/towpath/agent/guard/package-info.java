/** The node's nftables table: what is masqueraded and forwarded, and who may send to the overlay's port. */
@NullMarked
package io.towpath.agent.guard;

import org.jspecify.annotations.NullMarked;
