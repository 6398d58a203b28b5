/** Ports of the node's that lead to pods: maps in an nftables table of our own. */
@NullMarked
package io.towpath.cni.ports;

import org.jspecify.annotations.NullMarked;
