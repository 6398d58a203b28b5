/** How the native executable differs from the same classes on a JVM; nothing here runs on a JVM. */
@NullMarked
package io.towpath.cni.image;

import org.jspecify.annotations.NullMarked;
