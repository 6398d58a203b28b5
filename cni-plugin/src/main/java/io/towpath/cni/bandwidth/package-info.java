/** How fast a pod may be: token buckets on its link. */
@NullMarked
package io.towpath.cni.bandwidth;

import org.jspecify.annotations.NullMarked;
