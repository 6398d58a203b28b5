/** What network policies do, as tables of who reaches whom: as it should be, and as packets find it. */
@NullMarked
package io.towpath.lab.policy;

import org.jspecify.annotations.NullMarked;
