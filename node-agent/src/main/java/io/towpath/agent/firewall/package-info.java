/** The firewalls of others: what becomes of a packet that meets their nftables, as far as that can be said. */
@NullMarked
package io.towpath.agent.firewall;

import org.jspecify.annotations.NullMarked;
