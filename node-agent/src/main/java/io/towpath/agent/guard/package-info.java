/** The node's nftables table: what is masqueraded and forwarded, who may send to the overlay's port, and whose sources are pods'. */
@NullMarked
package io.towpath.agent.guard;

import org.jspecify.annotations.NullMarked;
