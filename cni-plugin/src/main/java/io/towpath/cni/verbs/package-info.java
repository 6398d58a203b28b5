/** What the executable does for each CNI verb: overlay, lease and link put together, and taken apart again. */
@NullMarked
package io.towpath.cni.verbs;

import org.jspecify.annotations.NullMarked;
