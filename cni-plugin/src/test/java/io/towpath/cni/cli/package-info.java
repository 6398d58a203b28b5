@NullMarked
package io.towpath.cni.cli;

import org.jspecify.annotations.NullMarked;
