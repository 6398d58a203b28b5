/** Which address a pod gets: ranges, allocator and the on-disk lease store. */
@NullMarked
package io.towpath.ipam;

import org.jspecify.annotations.NullMarked;
