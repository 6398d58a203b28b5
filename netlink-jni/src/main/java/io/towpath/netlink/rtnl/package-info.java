/** rtnetlink: links, addresses, routes, neighbours and forwarding entries as records, read and changed. */
@NullMarked
package io.towpath.netlink.rtnl;

import org.jspecify.annotations.NullMarked;
