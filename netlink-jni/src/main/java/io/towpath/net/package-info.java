/** The values every module speaks in: IP addresses, prefixes and MAC addresses, without I/O and without JDK networking. */
@NullMarked
package io.towpath.net;

import org.jspecify.annotations.NullMarked;
