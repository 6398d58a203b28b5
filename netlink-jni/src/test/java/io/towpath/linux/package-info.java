@NullMarked
package io.towpath.linux;

import org.jspecify.annotations.NullMarked;
