/** How the native executable differs from the same classes on a JVM; nothing here does anything on a JVM. */
@NullMarked
package io.towpath.agent.image;

import org.jspecify.annotations.NullMarked;
