/** The tables of iptables-legacy: read, and parts of them removed. */
@NullMarked
package io.towpath.netlink.xtables;

import org.jspecify.annotations.NullMarked;
