@NullMarked
package io.towpath.cni.ports;

import org.jspecify.annotations.NullMarked;
