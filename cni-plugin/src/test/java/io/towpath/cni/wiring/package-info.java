@NullMarked
package io.towpath.cni.wiring;

import org.jspecify.annotations.NullMarked;
