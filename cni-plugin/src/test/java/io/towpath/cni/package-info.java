@NullMarked
package io.towpath.cni;

import org.jspecify.annotations.NullMarked;
