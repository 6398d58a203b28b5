/** The system calls of Linux that the JDK does not offer, or offers too slowly for a process that lives milliseconds. */
@NullMarked
package io.towpath.linux;

import org.jspecify.annotations.NullMarked;
