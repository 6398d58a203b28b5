@NullMarked
package io.towpath.cni.verbs;

import org.jspecify.annotations.NullMarked;
