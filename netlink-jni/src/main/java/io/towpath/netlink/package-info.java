/** Netlink whatever the protocol: sockets in any network namespace, messages, attributes, batches and dumps. */
@NullMarked
package io.towpath.netlink;

import org.jspecify.annotations.NullMarked;
